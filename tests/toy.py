"""Environments whose right answers are known, and a policy of one action."""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

TOY = "ToyChase-v0"
CELLS, LIMIT = 5, 20


class Constant:
    """A policy of one action."""

    def __init__(self, action: int = 0) -> None:
        self.action = action
        self.sizes: list[int] = []
        """Numbers of observations in each call."""

    def act(self, observation: NDArray[Any]) -> NDArray[np.int64]:
        self.sizes.append(len(observation))
        return np.full(len(observation), self.action)


class Counter(gym.Env[np.ndarray[Any, Any], int]):
    """Observes the step of the episode; action 1 ends it; the time limit is outside."""

    observation_space = gym.spaces.Box(0, 100, (1,), np.float32)
    action_space = gym.spaces.Discrete(2, start=5)

    def reset(self, **options: Any) -> Any:
        super().reset(seed=options.get("seed"))
        self.count = 0
        return np.array([0], np.float32), {}

    def step(self, action: int) -> Any:
        self.count += 1
        return np.array([self.count], np.float32), 1.5, action == 6, False, {}


class Chase(gym.Env[np.ndarray[Any, Any], int]):
    """A task that a right agent learns in seconds, from its state and from its image.

    A marker stands in one of five cells, a light in another; each step brings them nearer or not.
    Actions move the marker left or right; reward 1 on reaching the light, which ends the episode;
    every other step costs 0.1. A perfect player scores 0.8 on average or better.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 5}  # noqa: RUF012
    observation_space = gym.spaces.Box(0, 1, (2 * CELLS,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.marker, self.light = self.np_random.choice(CELLS, 2, replace=False)
        return self._observe(), {}

    def step(self, action: int) -> Any:
        self.marker = int(np.clip(self.marker + (1 if action else -1), 0, CELLS - 1))
        reached = bool(self.marker == self.light)
        return self._observe(), 1.0 if reached else -0.1, reached, False, {}

    def _observe(self) -> Any:
        return np.eye(CELLS, dtype=np.float32)[[self.marker, self.light]].flatten()

    def render(self) -> Any:
        image = np.zeros((40, CELLS * 20, 3), np.uint8)
        image[:20, self.marker * 20 : self.marker * 20 + 20] = 255
        image[20:, self.light * 20 : self.light * 20 + 20] = 255
        return image


if TOY not in gym.registry:
    gym.register(TOY, Chase, max_episode_steps=LIMIT, reward_threshold=0.75)
