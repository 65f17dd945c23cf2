"""The loop of acting and stepping, and its episodes."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.acting.policy import Array, Policy
from envs.vector import Step, VectorEnv, Work

ShouldStop = Callable[[], bool]
Lap = Callable[[str], None]
"""Books the time since the last call to a section."""


class Interrupted(Exception):  # noqa: N818
    """An evaluation was stopped; its results are dropped."""


def never() -> bool:
    """Never stop."""
    return False


def play(
    env: VectorEnv,
    policy: Policy,
    observation: Array,
    *,
    active: NDArray[np.bool_] | None = None,
    should_stop: ShouldStop = never,
    lap: Lap = lambda _section: None,
    meanwhile: Work | None = None,
) -> Iterator[tuple[NDArray[np.int64], Step]]:
    """Act and step for as long as the caller asks; yield the actions `[E]` and the step.

    Training, evaluation, recording, the probe and the check of images consume this loop; between two steps
    they may change the policy, the environments and `active`. The arrays are valid until the next step.

    Args:
        env: Environments to step.
        policy: Chooses the actions.
        observation: `[E, *obs]` to act on first: those of `reset`, or of a restored environment.
        active: `[E]` environments to act in; the loop ends when none is left. None: all, endlessly.
        should_stop: Called before each step.
        lap: Called after each section, `act` and `env`.
        meanwhile: Called in each step, as `VectorEnv.step` does.

    Raises:
        Interrupted: `should_stop()`.
    """
    action = np.zeros(env.num_envs, np.int64)
    while active is None or active.any():
        if should_stop():
            raise Interrupted
        if active is None or active.all():
            action = policy.act(observation)
        else:
            action[active] = policy.act(observation[active])
        lap("act")
        step = env.step(action, active, meanwhile)
        lap("env")
        yield action, step
        observation = step.observation


def clipped(reward: NDArray[np.float32]) -> NDArray[np.float32]:
    """Clip rewards to [-1, 1] (Mnih et al. 2015, doi:10.1038/nature14236, Methods: Training details)."""
    return np.clip(reward, -1.0, 1.0)


class Episode(NamedTuple):
    """A finished episode."""

    env: int  # index of its environment
    score: float  # undiscounted return
    learned: float  # undiscounted return of the rewards that are learned from
    length: int  # agent steps


class EpisodeCounter:
    """Returns and lengths of the episodes in progress."""

    def __init__(self, num_envs: int) -> None:
        self.score = np.zeros(num_envs)  # [E]  so far
        self._learned = np.zeros(num_envs)
        self.length = np.zeros(num_envs, np.int64)  # [E]  so far

    def add(
        self, step: Step, reward: NDArray[np.float32], active: NDArray[np.bool_] | None = None
    ) -> list[Episode]:
        """Add a step, with the rewards `[E]` to learn from; return the episodes it finished."""
        self.score += step.reward
        self._learned += reward
        self.length += 1
        last = step.last
        if not last.any():
            return []
        ended = np.flatnonzero(last if active is None else last & active).tolist()
        episodes = [
            Episode(e, float(self.score[e]), float(self._learned[e]), int(self.length[e])) for e in ended
        ]
        self.score[last] = self._learned[last] = 0.0
        self.length[last] = 0
        return episodes

    def state_dict(self) -> dict[str, NDArray[np.generic]]:
        """Return the counts."""
        return {"score": self.score.copy(), "learned": self._learned.copy(), "length": self.length.copy()}

    def load_state_dict(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Restore what `state_dict` returned."""
        self.score[:] = np.asarray(state["score"])
        self._learned[:] = np.asarray(state["learned"])
        self.length[:] = np.asarray(state["length"])
