"""Playing and remembering."""

import time
from typing import Any

import numpy as np

from agents.acting.policy import EpsilonGreedyPolicy
from agents.memory.protocol import Memory
from envs.vector import VectorEnv


class Collector:
    """Plays ε-greedily, writes every step to the memory, keeps the score of finished episodes.

    Args:
        env: The training environments.
        policy: Chooses actions.
        memory: Remembers.
        seconds: Where the time spent in `act`, `env` and `memory` is added up.
        clip_reward: Whether the memory gets rewards clipped to [-1, 1] (Mnih et al. 2015, Methods:
            Training details).
    """

    def __init__(
        self,
        env: VectorEnv,
        policy: EpsilonGreedyPolicy,
        memory: Memory,
        seconds: dict[str, float],
        *,
        clip_reward: bool = False,
    ) -> None:
        self.env, self._policy, self._memory, self._seconds = env, policy, memory, seconds
        self._clip_reward = clip_reward
        self.observation = np.zeros(0)
        self._return = np.zeros(env.num_envs)
        self._learned = np.zeros(env.num_envs)
        self._length = np.zeros(env.num_envs, np.int64)
        self.finished: list[tuple[float, float, int]] = []
        """Raw return, return as remembered, and length of each episode that ended since `finished` was
        last emptied."""

    def start(self) -> None:
        """Starts the first episodes."""
        self.observation = self.env.reset()
        self._memory.start(self.observation)

    def step(self, epsilon: float) -> int:
        """Takes one step in every environment; returns how many episodes ended."""
        started = time.perf_counter()
        action = self._policy.act(self.observation, epsilon)
        acted = time.perf_counter()
        step = self.env.step(action)
        stepped = time.perf_counter()
        reward = np.clip(step.reward, -1.0, 1.0) if self._clip_reward else step.reward
        self._memory.add(
            action, reward, step.terminated, step.last, step.next_observation, step.observation
        )
        self.observation = step.observation
        self._return += step.reward
        self._learned += reward
        self._length += 1
        ended = 0
        if step.last.any():
            for e in np.flatnonzero(step.last):
                self.finished.append(
                    (float(self._return[e]), float(self._learned[e]), int(self._length[e]))
                )
                ended += 1
            self._return[step.last] = self._learned[step.last] = 0.0
            self._length[step.last] = 0
        self._seconds["act"] += acted - started
        self._seconds["env"] += stepped - acted
        self._seconds["memory"] += time.perf_counter() - stepped
        return ended

    def state_dict(self) -> dict[str, Any]:
        """Returns the environments and the episodes in hand."""
        return {
            "env": self.env.state_dict(),
            "policy": self._policy.state_dict(),
            "return": self._return.copy(),
            "learned": self._learned.copy(),
            "length": self._length.copy(),
            "finished": [list(episode) for episode in self.finished],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned, after the memory has been restored.

        Where the environments cannot be restored in mid-episode, the episodes in hand end as
        truncations in the memory and new ones start.
        """
        self.finished = [(float(r), float(c), int(n)) for r, c, n in state["finished"]]
        self._policy.load_state_dict(state["policy"])
        self.observation = self.env.load_state_dict(state["env"])
        if self.env.exact:
            self._return[:] = np.asarray(state["return"])
            self._learned[:] = np.asarray(state["learned"])
            self._length[:] = np.asarray(state["length"])
        else:
            self._memory.truncate(self.observation)
