"""One Atari game, from emulator to gray image or RAM."""

import difflib
from typing import Any

import ale_py
import cv2
import gymnasium as gym
import numpy as np
from ale_py import roms
from gymnasium.spaces import Box
from numpy.typing import NDArray

from envs.atari.emulator import NOOP, Emulator
from envs.config import ConfigError, EnvConfig
from envs.wrappers import image_space

FRAMES_A_SECOND = 60
FIRE = ale_py.Action.FIRE.value
WAIT_FOR_FIRE = frozenset({"breakout", "donkey_kong", "tennis"})
"""Games in which nothing happens until FIRE is pressed, which then run by themselves."""


def ale_seeds(seed: int) -> tuple[int, int]:
    """Return the seeds of the game's own generator and of the emulator's.

    As drawn by `ale_py.AtariEnv`, except for the emulator's sign: the native back-end ignores negative
    seeds.
    """
    own, emulator = np.random.SeedSequence(seed).generate_state(2)
    return int(own), int(emulator) & 0x7FFFFFFF


def require_rom(game: str) -> Any:
    """Return the path of a game's ROM.

    Raises:
        ConfigError: no such game; the closest names are listed.
    """
    known = roms.get_all_rom_ids()
    if game not in known:
        close = difflib.get_close_matches(game, known, n=3, cutoff=0.4)
        hint = f"did you mean {', '.join(close)}?" if close else "try pong."
        raise ConfigError(f"--env {game} is no Atari game; {hint}")
    return roms.get_rom_path(game)


class AtariGame(gym.Env[NDArray[Any], np.int64]):
    """A game of the Arcade Learning Environment, observed as configured.

    From pixels, observations are gray images `[h, w] uint8`; from the state, the 128 bytes of the console's
    RAM after the last frame, divided by 255: `[128] float32`.

    As Gymnasium's `AtariPreprocessing` (after Machado et al. 2018, arXiv:1709.06009), except that

    * a game that ends inside a frame skip shows its true last frame, not one pooled from the step before;
    * a lost life never ends or restarts the game; the lives are in `info["lives"]`;
    * FIRE can replace the first action of a game, and after a lost life, where the game waits for it;
    * it can be saved, except games whose `exact` is false.

    Raises:
        ConfigError: no such game, mode or difficulty.

    Example:
        >>> env = AtariGame("pong", EnvConfig())
        >>> env.reset(seed=1)[0].shape
        (84, 84)
    """

    action_space: gym.spaces.Discrete

    def __init__(self, game: str, config: EnvConfig) -> None:
        self.render_mode = "rgb_array"
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": FRAMES_A_SECOND / config.frame_skip}
        self._emulator = Emulator(
            require_rom(game),
            repeat_action_probability=config.repeat_action_probability,
            max_frames=config.max_frames,
        )
        self.ale, self.exact = self._emulator.ale, self._emulator.exact
        self._mode = _choose(game, "mode", config.mode, self.ale.getAvailableModes())
        difficulties = self.ale.getAvailableDifficulties()
        self._difficulty = _choose(game, "difficulty", config.difficulty, difficulties)
        full = config.full_action_space
        self._actions = self.ale.getLegalActionSet() if full else self.ale.getMinimalActionSet()
        self._fires = config.fire and game in WAIT_FOR_FIRE
        self._waits = False
        self._skip, self._noop_max = config.frame_skip, config.noop_max
        self._width_height = config.size[::-1]  # OpenCV counts width first
        self._before = np.zeros(self.ale.getScreenDims(), np.uint8)
        self._newest = self._before.copy()
        self._lives, self._reads_ram = 0, config.obs == "state"
        self._ram = np.zeros(self.ale.getRAMSize(), np.uint8)
        self.action_space = gym.spaces.Discrete(len(self._actions))
        ram_space = Box(0.0, 1.0, self._ram.shape, np.float32)
        self.observation_space = ram_space if self._reads_ram else image_space(*config.size)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Start a game, with no-ops as configured."""
        if seed is not None:
            seed, of_emulator = ale_seeds(seed)
            self._emulator.seed(of_emulator)
            self.ale.setMode(self._mode)
            self.ale.setDifficulty(self._difficulty)
        super().reset(seed=seed, options=options)
        self._emulator.reset_game()
        noops = int(self.np_random.integers(1, self._noop_max + 1)) if self._noop_max else 0
        for _ in range(noops):
            self._emulator.act(NOOP)
            if self.ale.game_over():
                self._emulator.reset_game()
        self._lives, self._waits = self.ale.lives(), self._fires
        return self._observe(pooled=False)

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """Repeat the action, or FIRE, for `frame_skip` frames, or until the game is over."""
        ale, act = self.ale, self._emulator.act
        button = FIRE if self._waits else self._actions[action].value
        reward, over = 0, False
        for left in range(self._skip - 1, -1, -1):
            reward += act(button)
            over = ale.game_over()
            if over:
                break
            if left == 1 and not self._reads_ram:
                ale.getScreenGrayscale(self._before)
        lives = ale.lives()
        self._waits = self._fires and lives < self._lives
        self._lives = lives
        terminated = ale.game_over(with_truncation=False)
        observation, info = self._observe(pooled=left == 0 and self._skip > 1)
        return observation, float(reward), terminated, over and not terminated, info

    def get_action_meanings(self) -> list[str]:
        """Return the names of the actions, as `ale_py.AtariEnv` does: `["NOOP", "FIRE", ...]`."""
        return [action.name for action in self._actions]

    def render(self) -> Any:
        """Return the screen, `[210, 160, 3] uint8` in most games."""
        return self.ale.getScreenRGB()

    def state_dict(self) -> dict[str, Any]:
        """Return emulator, lives and the wait for FIRE; `np_random` is saved by `envs/snapshot.py`."""
        return {"emulator": self._emulator.state_dict(), "lives": self._lives, "waits": self._waits}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a `state_dict`, into a game with the same settings."""
        self._emulator.load_state_dict(state["emulator"])
        self._lives, self._waits = state["lives"], state["waits"]

    def _observe(self, *, pooled: bool) -> tuple[NDArray[Any], dict[str, Any]]:
        """Return the observation, of an image the maximum of the last two frames if `pooled`, and lives."""
        info = {"lives": self._lives, "episode_frame_number": self.ale.getEpisodeFrameNumber()}
        if self._reads_ram:
            self.ale.getRAM(self._ram)
            return self._ram / np.float32(255.0), info
        self.ale.getScreenGrayscale(self._newest)
        if pooled:
            np.maximum(self._newest, self._before, out=self._newest)
        return cv2.resize(self._newest, self._width_height, interpolation=cv2.INTER_AREA), info


def _choose(game: str, option: str, value: int | None, choices: list[int]) -> int:
    if value is not None and value not in choices:
        offer = ", ".join(map(str, choices))
        raise ConfigError(f"--env.{option} {value}: {game} offers {offer}; choose one of them.")
    return choices[0] if value is None else value
