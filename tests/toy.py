"""A task that a right agent learns in seconds, from its state and from its image."""

from typing import Any

import gymnasium as gym
import numpy as np

TOY = "ToyChase-v0"
CELLS, LIMIT = 5, 20


class Chase(gym.Env[np.ndarray[Any, Any], int]):
    """A reward threshold stands in one of five cells, a light in another; each step brings them nearer or not.

    Actions move the reward threshold left or right; reward 1 on reaching the light, which ends the episode;
    every other step costs 0.1. A perfect player scores 0.8 on average or better.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 5}  # noqa: RUF012
    observation_space = gym.spaces.Box(0, 1, (2 * CELLS,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.reward_threshold, self.light = self.np_random.choice(CELLS, 2, replace=False)
        return self._observe(), {}

    def step(self, action: int) -> Any:
        self.reward_threshold = int(np.clip(self.reward_threshold + (1 if action else -1), 0, CELLS - 1))
        reached = bool(self.reward_threshold == self.light)
        return self._observe(), 1.0 if reached else -0.1, reached, False, {}

    def _observe(self) -> Any:
        return np.eye(CELLS, dtype=np.float32)[[self.reward_threshold, self.light]].flatten()

    def render(self) -> Any:
        image = np.zeros((40, CELLS * 20, 3), np.uint8)
        image[:20, self.reward_threshold * 20 : self.reward_threshold * 20 + 20] = 255
        image[20:, self.light * 20 : self.light * 20 + 20] = 255
        return image


if TOY not in gym.registry:
    gym.register(TOY, Chase, max_episode_steps=LIMIT, reward_threshold=0.75)
