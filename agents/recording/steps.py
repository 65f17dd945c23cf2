"""A play as data: its moments, and what is known of the whole of it."""

from typing import NamedTuple

import numpy as np

from agents.recording.drawing import Array, Image


class Shot(NamedTuple):
    """One moment of a play."""

    screen: Image  # [H, W, 3]  what a person would see
    observation: Array  # [S, h, w] uint8 or [D] float32  what the agent sees
    values: Array  # [A] float32
    total: float  # return so far, raw
    frame: int  # counted from 0 in each episode
    episode: int  # counted from 1
    at: int = 0  # counted from 0 in the whole play
    saliency: Array | None = None  # as observation, float32: gradient of the greedy action's value
    returns: Array | None = None  # [A, K]  what each action may bring, where the agent learned that
    probability: Array | None = None  # [A, K]  how probable each of them is

    @property
    def stack(self) -> Image | None:
        """`[S, h, w]`, what a pixel agent sees, oldest first; None for a state agent."""
        return self.observation if self.observation.ndim == 3 else None


class Course(NamedTuple):
    """What is known of a whole play before its first frame is drawn."""

    values: Array  # [T, A]
    followed: Array  # [T]  discounted return that followed each moment
    cut: Array  # [T] bool  after which moments an episode, or the play, ends
    observations: Array  # [T, D], or [T, 0] where the agent sees images
    reach: tuple[float, float] | None = None  # least and greatest return expected, as `Shot.returns`


def reach_of(returns: Array, probability: Array) -> tuple[float, float]:
    """Returns the least and the greatest of returns `[A, K]` that are at all probable.

    That is: with a tenth of the likeliest one's probability, as all quantiles are.

    Example:
        >>> reach_of(np.array([[0.0, 1.0, 2.0]]), np.array([[0.01, 0.8, 0.19]]))
        (1.0, 2.0)
    """
    likely = returns[probability >= 0.1 * probability.max()]
    return float(likely.min()), float(likely.max())


def returns_that_followed(reward: Array, after: Array, cut: Array, gamma: float) -> Array:
    """Returns the discounted return from each moment on, `G_t = r_t + γ G_{t+1}`: `[T]`.

    Args:
        reward: `[T]`, as the agent learned it.
        after: `[T]` what takes the place of `G_{t+1}` where the play is cut: 0 at a true end, the agent's
            own value of the next observation at a time limit or where the recording stops.
        cut: `[T]` bool; true for the last.
        gamma: Discount a step.

    Example:
        >>> returns_that_followed(np.ones(3), np.array([9, 9, 4.0]), np.array([0, 0, 1]), 0.5).tolist()
        [2.25, 2.5, 3.0]
    """
    followed = np.zeros(len(reward))
    ahead = 0.0
    for t in range(len(reward) - 1, -1, -1):
        ahead = float(reward[t]) + gamma * (float(after[t]) if cut[t] else ahead)
        followed[t] = ahead
    return followed
