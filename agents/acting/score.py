"""Scores: undiscounted returns of whole episodes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from agents.acting.episodes import Episode, EpisodeCounter, ShouldStop, never, play
from agents.acting.policy import Array, Policy
from agents.runs.summary import ScoreSummary
from envs.vector import VectorEnv


class Score(NamedTuple):
    """The result of an evaluation."""

    returns: NDArray[np.float64]  # [N]
    lengths: NDArray[np.int64]  # [N]  agent steps
    truncated: int  # episodes ended by a limit of steps
    epsilon: float = 0.0  # probability of a random action
    video: NDArray[np.uint8] | None = None  # [T, H, W]  newest frames of the first episode
    first: Array | None = None  # [*obs]  first observation of the first episode
    values: Array | None = None  # [M, A]  of every action taken
    probe: Mapping[str, float] = MappingProxyType({})  # R² of the state probe, by tag

    @property
    def mean(self) -> float:
        """Mean return."""
        return float(self.returns.mean())

    def summary(self) -> ScoreSummary:
        """Return count, mean, spread, extremes and Student's 95 % interval of the mean."""
        count = len(self.returns)
        spread = float(self.returns.std(ddof=1)) if count > 1 else 0.0
        half = float(spread / np.sqrt(count) * stdtrit(count - 1, 0.975)) if spread else 0.0
        return {
            "episodes": count,
            "mean": self.mean,
            "std": spread,
            "min": float(self.returns.min()),
            "max": float(self.returns.max()),
            "ci95_low": self.mean - half,
            "ci95_high": self.mean + half,
            "truncated": self.truncated,
        }


def evaluate(
    env: VectorEnv,
    policy: Policy,
    episodes: int,
    *,
    video_frames: int = 0,
    should_stop: ShouldStop = never,
) -> Score:
    """Play whole episodes from the environments' seeds; keep at most `video_frames` of the first.

    Each environment plays a fixed share and then rests: counting the first episodes to end would favour
    short ones. The environments are of this evaluation alone.

    Raises:
        Interrupted: `should_stop()`, called before each step.
    """
    share = np.full(env.num_envs, episodes // env.num_envs)
    share[: episodes % env.num_envs] += 1
    active = share > 0
    counter = EpisodeCounter(env.num_envs)
    finished: list[list[Episode]] = [[] for _ in range(env.num_envs)]
    truncated = 0
    observation = env.reset()
    first = observation[0].copy()
    video = [observation[0, -1].copy()] if video_frames else []
    for _, step in play(env, policy, observation, active=active, should_stop=should_stop):
        for episode in counter.add(step, step.reward, active):
            finished[episode.env].append(episode)
            truncated += not step.terminated[episode.env]
            active[episode.env] = len(finished[episode.env]) < share[episode.env]
        if len(video) < video_frames and not finished[0]:
            video.append(step.observation[0, -1].copy())
    images = np.stack(video) if video else None
    played = sum(finished, [])
    returns = np.array([episode.score for episode in played])
    lengths = np.array([episode.length for episode in played])
    return Score(returns, lengths, truncated, video=images, first=first)
