"""The façade: several environments stepped together, episodes restarted as they end."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import DTypeLike, NDArray

from envs.snapshot import Snapshot, env_state, is_exact, load_env_state

Array = NDArray[Any]
Work = Callable[[], object]
Frame = NDArray[np.uint8]


class Step(NamedTuple):
    """One transition of each environment.

    | terminated | last | meaning |
    |---|---|---|
    | no | no | an ordinary step |
    | yes | yes | a true end: no value follows |
    | no | yes | a truncation: bootstrap from `next_observation`, the true last one |
    | yes | no | a lost life that counts as an end; the episode continues |
    """

    next_observation: Array  # [E, *obs]  true successor of the acted-on observation
    reward: Array  # [E] float32  raw
    terminated: Array  # [E] bool  no value follows
    last: Array  # [E] bool  the trajectory stops here
    observation: Array  # [E, *obs]  to act on next: next_observation, or a new episode's first


class VectorEnv(ABC):
    """E environments with one observation shape and discrete actions: one transition each in every step."""

    num_actions: int
    render_fps: float
    exact: bool
    """Whether `load_state_dict` resumes the current episodes exactly."""

    def __init__(
        self, seeds: Sequence[int], shape: tuple[int, ...], dtype: DTypeLike, *, life_loss: bool
    ) -> None:
        self.num_envs, self._seeds, self._life_loss = len(seeds), list(seeds), life_loss
        self.observation_shape, self.dtype = shape, np.dtype(dtype)
        self._lives = np.zeros(self.num_envs, np.int32)
        self._next = np.zeros((self.num_envs, *shape), dtype)
        self._now = self._next.copy()

    def seed(self, seeds: Sequence[int]) -> None:
        """Set the seeds for the next `reset`, one for each environment."""
        self._seeds = list(seeds)

    @abstractmethod
    def reset(self) -> Array:
        """Start all episodes from the seeds; return the first observations `[E, *obs]`."""

    @abstractmethod
    def step(self, action: Array, active: Array | None = None, meanwhile: Work | None = None) -> Step:
        """Step every environment with actions `[E]`, integers from 0 to `num_actions - 1`.

        Where `active`, `[E] bool`, is false an environment may rest: its row is meaningless. `meanwhile` is
        called once, while the environments step if they do so in threads of their own, else before.
        """

    @abstractmethod
    def render(self) -> Frame:
        """Return the first environment's screen, `[H, W, 3] uint8`."""

    @abstractmethod
    def state_dict(self) -> Snapshot:
        """Return all that `load_state_dict` needs."""

    @abstractmethod
    def load_state_dict(self, state: Snapshot) -> Array:
        """Restore a `state_dict`; return the observations to act on, `[E, *obs]`.

        Where `exact` is false new episodes start.
        """

    @abstractmethod
    def close(self) -> None:
        """Close all environments."""


class SerialVectorEnv(VectorEnv):
    """Environments stepped in turn, with a new episode in the step that ends one.

    As Gymnasium's `SyncVectorEnv` in its SAME_STEP mode, but with reused arrays, true last observations
    outside the info dictionary, and a `state_dict`. The arrays of a `Step` are valid until the next call.
    All environments have the same spaces, with discrete actions and array observations. With
    `zero_discount_on_life_loss` no value follows a decrease of `info["lives"]`.

    Example:
        >>> env = SerialVectorEnv([gym.make("CartPole-v1")], seeds=[1])
        >>> env.reset().shape
        (1, 4)
        >>> env.step(np.array([0])).reward
        array([1.], dtype=float32)
    """

    def __init__(
        self,
        envs: Sequence[gym.Env[Any, Any]],
        seeds: Sequence[int],
        *,
        zero_discount_on_life_loss: bool = False,
    ) -> None:
        self.envs = list(envs)
        if len(self.envs) != len(seeds):
            raise ValueError(f"{len(self.envs)} environments need as many seeds, not {len(seeds)}.")
        space, actions = self.envs[0].observation_space, self.envs[0].action_space
        assert isinstance(space, gym.spaces.Box) and isinstance(actions, gym.spaces.Discrete)
        super().__init__(seeds, space.shape, space.dtype, life_loss=zero_discount_on_life_loss)
        self.num_actions, self._first_action = int(actions.n), int(actions.start)
        self.render_fps = float(self.envs[0].metadata.get("render_fps") or 30)
        self.exact = all(map(is_exact, self.envs))
        self._reward = np.zeros(self.num_envs, np.float32)
        self._terminated = np.zeros(self.num_envs, np.bool_)
        self._last = np.zeros(self.num_envs, np.bool_)

    def reset(self) -> Array:
        """Start all episodes from the seeds."""
        for e, seed in enumerate(self._seeds):
            self._begin(e, seed)
        return self._now

    def _begin(self, e: int, seed: int | None = None) -> None:
        self._now[e], info = self.envs[e].reset(seed=seed)
        self._lives[e] = info.get("lives", 0)

    def step(self, action: Array, active: Array | None = None, meanwhile: Work | None = None) -> Step:
        """Step every environment, after `meanwhile`; where `active` is false it stays as it is."""
        if meanwhile is not None:
            meanwhile()
        self._reward[:], self._terminated[:], self._last[:] = 0.0, False, False
        for e, env in enumerate(self.envs):
            if active is not None and not active[e]:
                self._next[e] = self._now[e]
                continue
            own_action = int(action[e]) + self._first_action
            self._next[e], self._reward[e], terminated, truncated, info = env.step(own_action)
            last = terminated or truncated
            if self._life_loss:
                lives = info.get("lives", 0)
                terminated = terminated or (lives < self._lives[e] and not last)
                self._lives[e] = lives
            self._terminated[e], self._last[e] = terminated, last
        self._now[:] = self._next
        for e in np.flatnonzero(self._last).tolist():
            self._begin(e)
        return Step(self._next, self._reward, self._terminated, self._last, self._now)

    def render(self) -> Frame:
        """Return the first environment's screen."""
        return self.envs[0].render()  # type: ignore[return-value]

    def state_dict(self) -> Snapshot:
        """Return the state of every environment and the observations to act on."""
        return {
            "envs": [env_state(env) for env in self.envs],
            "observation": self._now.copy(),
            "lives": self._lives.copy(),
        }

    def load_state_dict(self, state: Snapshot) -> Array:
        """Restore a `state_dict`; new episodes start from the saved generators."""
        for env, saved in zip(self.envs, state["envs"], strict=True):
            load_env_state(env, saved)
        if self.exact:
            self._now[:] = np.asarray(state["observation"])
            self._lives[:] = np.asarray(state["lives"])
        else:
            for e in range(self.num_envs):
                self._begin(e)
        return self._now

    def close(self) -> None:
        """Close all environments."""
        for env in self.envs:
            env.close()
