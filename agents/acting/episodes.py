"""Greedy play, measured."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from envs.vector import VectorEnv

Array = NDArray[Any]
ShouldStop = Callable[[], bool]


class Interrupted(Exception):  # noqa: N818
    """A wish to stop came in the middle of play; nothing of that play counts."""


def refuse_to_stop() -> bool:
    """A question to stop that nobody ever answers by yes."""
    return False


def refuse_to_go_on(should_stop: ShouldStop) -> None:
    """Raises `Interrupted` where the answer is yes."""
    if should_stop():
        raise Interrupted


class Score(NamedTuple):
    """Undiscounted returns of whole episodes."""

    returns: Array  # [N] float64
    lengths: Array  # [N] int64  agent steps
    truncated: int  # how many of the episodes a limit of steps ended
    video: Array | None = None  # [T, H, W] uint8  the newest images of the first game
    first: Array | None = None  # [*obs]  what the first game showed first
    values: Array | None = None  # [M, A]  the action values that were acted by
    probe: Mapping[str, float] = MappingProxyType({})  # what was found out about the agent, by tag

    @property
    def mean(self) -> float:
        """Mean return."""
        return float(self.returns.mean())

    def summary(self) -> dict[str, float]:
        """Returns count, mean, standard deviation, extremes, the mean's 95 % interval, and truncations.

        The interval is Student's t.
        """
        spread = float(self.returns.std(ddof=1)) if len(self.returns) > 1 else 0.0
        half = 0.0
        if spread:
            half = spread / np.sqrt(len(self.returns)) * stats.t.ppf(0.975, len(self.returns) - 1)
        return {
            "episodes": len(self.returns),
            "mean": self.mean,
            "std": spread,
            "min": float(self.returns.min()),
            "max": float(self.returns.max()),
            "ci95_low": self.mean - float(half),
            "ci95_high": self.mean + float(half),
            "truncated": self.truncated,
        }


def evaluate(
    act: Callable[[Array], Array],
    env: VectorEnv,
    episodes: int,
    video_frames: int = 0,
    should_stop: ShouldStop = refuse_to_stop,
) -> Score:
    """Plays whole episodes from the environments' seeds.

    Each environment plays a fixed share, and rests from then on: to take whichever end first would favour
    short ones.

    Args:
        act: Maps observations `[N, *obs]`, of the environments at play, to actions `[N]`.
        env: Environments that nobody else is playing.
        episodes: How many in all.
        video_frames: Keep so many images of the first game, at the most.
        should_stop: Asked between any two steps.

    Raises:
        Interrupted: `should_stop()`.
    """
    share = np.full(env.num_envs, episodes // env.num_envs)
    share[: episodes % env.num_envs] += 1
    played = np.zeros(env.num_envs, np.int64)
    running = np.zeros(env.num_envs)
    length = np.zeros(env.num_envs, np.int64)
    returns: list[list[float]] = [[] for _ in range(env.num_envs)]
    lengths: list[list[int]] = [[] for _ in range(env.num_envs)]
    truncated = 0
    video: list[Array] = []
    action = np.zeros(env.num_envs, np.int64)
    observation = env.reset()
    first = observation[0].copy()
    acting = played < share
    while acting.any():
        refuse_to_go_on(should_stop)
        if len(video) < video_frames and not played[0]:
            video.append(observation[0, -1].copy())
        action[acting] = act(observation if acting.all() else observation[acting])
        step = env.step(action, acting)
        observation = step.observation
        running += step.reward
        length += 1
        for e in np.flatnonzero(step.last & acting):
            returns[e].append(float(running[e]))
            lengths[e].append(int(length[e]))
            truncated += not step.terminated[e]
            played[e] += 1
        acting = played < share
        running[step.last] = 0.0
        length[step.last] = 0
    images = np.stack(video) if video else None
    return Score(np.array(sum(returns, [])), np.array(sum(lengths, [])), truncated, images, first)
