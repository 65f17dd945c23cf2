"""Collection of experience: act, step, store."""

from collections.abc import Iterator
from typing import Any

from agents.acting.episodes import Episode, EpisodeCounter, Lap, clipped, play
from agents.acting.policy import Array, EpsilonGreedyPolicy
from agents.memory import Memory
from envs.vector import Step, VectorEnv, Work


class Collector:
    """ε-greedy play that fills a memory, with clipped rewards if asked; `lap` books the time."""

    def __init__(
        self, env: VectorEnv, policy: EpsilonGreedyPolicy, memory: Memory, *, clip_reward: bool, lap: Lap
    ) -> None:
        self.env, self._policy, self._memory = env, policy, memory
        self._clip_reward, self._lap = clip_reward, lap
        self._counter = EpisodeCounter(env.num_envs)
        self._steps: Iterator[tuple[Array, Step]] = iter(())
        self.episodes: list[Episode] = []
        """Episodes that ended since the list was last cleared."""
        self.meanwhile: Work | None = None
        """Work for each step, as `VectorEnv.step` does it; set before the first one."""

    def start(self) -> Array:
        """Start the first episodes; return their first observations `[E, *obs]`."""
        observation = self.env.reset()
        self._memory.start(observation)
        self._play(observation)
        return observation

    def step(self, epsilon: float) -> int:
        """Step every environment once; return the number of episodes that ended."""
        self._policy.epsilon = epsilon
        action, step = next(self._steps)
        reward = clipped(step.reward) if self._clip_reward else step.reward
        self._memory.add(
            action, reward, step.terminated, step.last, step.next_observation, step.observation
        )
        ended = self._counter.add(step, reward)
        self.episodes += ended
        self._lap("memory")
        return len(ended)

    def state_dict(self) -> dict[str, Any]:
        """Return the environments and the episodes in progress."""
        return {
            "env": self.env.state_dict(),
            "policy": self._policy.state_dict(),
            "counter": self._counter.state_dict(),
            "episodes": [list(episode) for episode in self.episodes],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a `state_dict`; the memory is restored before.

        If the environments cannot resume in mid-episode, the episodes in progress become truncations.
        """
        self.episodes = [Episode(*episode) for episode in state["episodes"]]
        self._policy.load_state_dict(state["policy"])
        observation = self.env.load_state_dict(state["env"])
        if self.env.exact:
            self._counter.load_state_dict(state["counter"])
        else:
            self._memory.truncate(observation)
        self._play(observation)

    def _play(self, observation: Array) -> None:
        self._steps = play(self.env, self._policy, observation, lap=self._lap, meanwhile=self.meanwhile)
