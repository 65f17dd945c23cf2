"""Atari games stepped by ale-py's threads, behind the façade of `envs/vector.py`."""

from collections.abc import Sequence

import numpy as np
from ale_py.vector_env import AtariVectorEnv
from gymnasium.spaces import Discrete
from gymnasium.vector import AutoresetMode

from envs.atari.game import FIRE, FRAMES_A_SECOND, WAIT_FOR_FIRE, ale_seeds, require_rom
from envs.config import EnvConfig
from envs.cores import threads_allowed
from envs.snapshot import Snapshot
from envs.vector import Array, Frame, Step, VectorEnv, Work


class NativeAtariEnv(VectorEnv):
    """`SerialVectorEnv` of `FrameStackObservation(AtariGame)`, emulated in C++ threads.

    Equal frame for frame, with the same seeds and actions, up to the limits of ale-py: the number of no-ops
    comes from another generator; a game that ends inside a frame skip shows a stale last image, from which
    nothing is bootstrapped; the step that reaches the frame cap is played to its end; games cannot be saved
    (`exact`).

    ale-py would show a stale image at its own frame cap as well, and draw one no-op too few; so games
    are truncated here, and restarted if they began without a no-op.
    """

    exact = False

    def __init__(self, game: str, seeds: Sequence[int], config: EnvConfig) -> None:
        require_rom(game)
        shape = (config.stack, *config.size)
        super().__init__(seeds, shape, np.uint8, life_loss=config.zero_discount_on_life_loss)
        self._noop_max, self._max_frames = config.noop_max, config.max_frames
        self._env = AtariVectorEnv(
            game,
            self.num_envs,
            # ale-py fills a new stack with black; ours repeats the first image, as the memory does.
            stack_num=1,
            img_height=config.size[0],
            img_width=config.size[1],
            frameskip=config.frame_skip,
            repeat_action_probability=config.repeat_action_probability,
            full_action_space=config.full_action_space,
            noop_max=config.noop_max + 1 if config.noop_max else 0,  # ale-py draws 0 to noop_max - 1
            max_num_frames_per_episode=config.max_frames + config.frame_skip,  # never reached
            num_threads=config.threads or threads_allowed(),
            use_fire_reset=False,
            reward_clipping=False,
            autoreset_mode=AutoresetMode.SAME_STEP,
        )
        actions = self._env.single_action_space
        assert isinstance(actions, Discrete)
        self.num_actions = int(actions.n)
        self.render_fps = FRAMES_A_SECOND / config.frame_skip
        self._spare = self._next.copy()
        buttons = [action.value for action in self._env.ale.get_action_set()]
        self._fire = buttons.index(FIRE) if config.fire and game in WAIT_FOR_FIRE else None
        self._waits = np.zeros(self.num_envs, np.bool_)  # [E]  for FIRE
        self._generator = np.random.default_rng(self._seeds)

    def reset(self) -> Array:
        """Start all games from the seeds."""
        emulator = np.array([ale_seeds(seed)[1] for seed in self._seeds], np.int32)
        first, info = self._env.reset(seed=emulator)
        first, info = self._begin(np.zeros(self.num_envs, np.bool_), first, info)
        self._now = np.repeat(first, self.observation_shape[0], axis=1)
        self._lives[:], self._waits[:] = info["lives"], True
        return self._now

    def _begin(self, ended: Array, newest: Array, info: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
        """Restart games that ended or began without a no-op; return all current frames."""
        while (ended := ended | (self._noop_max > 0) & (info["episode_frame_number"] == 0)).any():
            newest, info = self._env.reset(options={"reset_mask": ended})
            ended = np.zeros_like(ended)
        return newest, info

    def step(self, action: Array, active: Array | None = None, meanwhile: Work | None = None) -> Step:  # noqa: ARG002
        """Step every game, wherever it is `active`; the arrays are valid until the next call."""
        self._env.send(action if self._fire is None else np.where(self._waits, self._fire, action))
        self._next, self._spare = self._spare, self._next
        self._next[:, :-1] = self._now[:, 1:]  # while the threads emulate
        if meanwhile is not None:
            meanwhile()
        newest, reward, terminated, _, info = self._env.recv()
        capped = (info["episode_frame_number"] >= self._max_frames) & ~terminated
        last = terminated | capped
        self._next[:, -1] = newest[:, 0]
        self._now = self._next
        if terminated.any():  # ale-py has restarted those
            self._next[terminated, -1] = info["final_obs"][terminated, 0]
        if last.any():
            newest, info = self._begin(capped, newest, info)
            self._now = self._next.copy()
            self._now[last] = newest[last]
        lost = (info["lives"] < self._lives) & ~last
        if self._life_loss:
            terminated = terminated | lost
        self._lives[:], self._waits = info["lives"], lost | last
        return Step(self._next, reward.astype(np.float32), terminated, last, self._now)

    def render(self) -> Frame:
        """Return the first game's newest image as gray RGB; ale-py's threads keep no colours."""
        return np.repeat(self._now[0, -1, :, :, None], 3, axis=2)

    def state_dict(self) -> Snapshot:
        """Return the generator of the seeds after resuming."""
        return {"generator": self._generator.bit_generator.state}

    def load_state_dict(self, state: Snapshot) -> Array:
        """Start new games from new seeds; return their first observations."""
        self._generator.bit_generator.state = state["generator"]
        self.seed(self._generator.integers(2**32, size=self.num_envs).tolist())
        return self.reset()

    def close(self) -> None:
        """Close all games."""
        self._env.close()
