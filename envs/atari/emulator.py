"""An Atari emulator with exact snapshots, sticky actions included; ALE's own (0.12.1) are not exact."""

import io
import struct
from pathlib import Path
from typing import Any

import ale_py
import numpy as np

NOOP = ale_py.Action.NOOP.value
REPLAYED = frozenset({"tic_tac_toe_3d", "video_checkers", "video_chess", "yars_revenge"})
"""Games restored by replaying them from their start: three compute for longer than a frame may take, one
shows a few different pixels in the first frame after it was restored."""
CANNOT_BE_SAVED = frozenset({"miniature_golf"})
"""Games whose score ALE does not save: a restored hole pays millions of points."""


class Emulator:
    """A game played frame by frame, with sticky actions (Machado et al. 2018, arXiv:1709.06009).

    ALE's `cloneState` leaves out three things, which are saved here:

    * The action repeated by sticky actions. Repeats are drawn here, by the same generator as ALE's, so that
      the frames are those of ALE with the same seed.
    * Whether the image is finished. A frame ends at the game's vertical sync, or unfinished after 25,000
      instructions; the next call of `act` then continues it. Q*bert and Tetris are in that state after
      `reset_game`. A state restored into an emulator at another point of the frame diverges, or writes
      beyond the image.
    * The images themselves, which unfinished frames show again. Games in which that is visible are
      restored by replaying them from their start.

    The ROM is named after the game, which is truncated after `max_frames`. For each frame, the previous
    action is repeated with `repeat_action_probability`.
    """

    def __init__(self, rom: Path, *, repeat_action_probability: float = 0.0, max_frames: int = 0) -> None:
        ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)  # before it prints its name
        self.ale = ale_py.ALEInterface()
        self.ale.setFloat("repeat_action_probability", 0.0)
        self.ale.setInt("max_num_frames_per_episode", max_frames)
        self.ale.loadROM(rom)
        self.exact = rom.stem not in CANNOT_BE_SAVED
        self._rom, self._replayed = rom, rom.stem in REPLAYED
        # ALE holds the probability as a float.
        self._repeats_below = float(np.float32(repeat_action_probability)) * 2**32
        self._generator, self._executed = np.random.MT19937(), NOOP
        self._start, self._played = b"", bytearray()

    def seed(self, seed: int) -> None:
        """Reload the game in its first mode, with ALE's generator and ours seeded alike."""
        self.ale.setInt("random_seed", seed)
        self.ale.loadROM(self._rom)
        state: Any = np.random.RandomState(seed).get_state(legacy=False)
        self._generator.state = state

    def reset_game(self) -> None:
        """Start a game; no previous action could be repeated."""
        self.ale.reset_game()
        self._executed, self._start = NOOP, self._save()
        self._played.clear()

    def act(self, action: int) -> int:
        """Play one frame of the action, or of the previous one if it sticks; return the reward.

        Each frame draws two numbers, the second for the other player (ALE, `StellaEnvironment::act`).
        """
        if self._repeats_below and self._generator.random_raw(2)[0] < self._repeats_below:
            action = self._executed
        self._executed = action
        self._played.append(action)
        return self.ale.act(action)

    def state_dict(self) -> dict[str, Any]:
        """Return a state of the emulator, the frames played after it, and the state of stickiness."""
        state, played = self._save(), b""
        if self._replayed or inside_a_frame(state):
            state, played = self._start, bytes(self._played)
        return {
            "state": np.frombuffer(state, np.uint8).copy(),
            "played": np.frombuffer(played, np.uint8).copy(),
            "executed": self._executed,
            "generator": dict(self._generator.state["state"]),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a `state_dict`, into an emulator of the same game."""
        self._start = np.asarray(state["state"]).tobytes()
        self.ale.reset_game()
        if inside_a_frame(self._save()) != inside_a_frame(self._start):
            self.ale.act(NOOP)
        self.ale.restoreState(ale_py.ALEState(self._start))
        self._played = bytearray(np.asarray(state["played"]).tobytes())
        for action in self._played:
            self.ale.act(action)
        self._executed = state["executed"]
        self._generator.state = {
            "bit_generator": "MT19937",
            "state": {"key": np.asarray(state["generator"]["key"]), "pos": state["generator"]["pos"]},
        }

    def _save(self) -> bytes:
        return self.ale.cloneState(include_rng=True).serialize()


def inside_a_frame(state: bytes) -> bool:
    """Whether the emulator was saved in the middle of a frame.

    A serialized `ALEState` is six words, the console's length and the console: first the cartridge, the
    clock and the generator, then the processor: its name, 13 registers and its execution status.
    """
    stream = io.BytesIO(state)
    _read_words(stream, 7)
    _read_text(stream)
    _read_text(stream)
    _read_words(stream, 1)
    _read_text(stream)
    _read_text(stream)
    *_, status = _read_words(stream, 14)
    return not status & 1  # the bit set at the end of a frame (ALE, M6502.hxx)


def _read_words(stream: io.BytesIO, count: int) -> tuple[int, ...]:
    """Read little-endian words, as written by ALE's `Serializer`."""
    return struct.unpack(f"<{count}i", stream.read(4 * count))


def _read_text(stream: io.BytesIO) -> bytes:
    """Read a text, stored after its length."""
    return stream.read(*_read_words(stream, 1))
