"""Recorded episodes as data: single steps, and the trajectory as a whole."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.memory.rollout import lambda_returns
from agents.recording.drawing import Floats, Image, Numbers


class RecordedStep(NamedTuple):
    """One time step of a recording."""

    screen: Image  # [H, W, 3]  rendered for people
    observation: Numbers  # [S, h, w] uint8 or [D] float32
    values: Floats  # [A] float32
    return_so_far: float  # raw
    frame: int  # counted from 0 in each episode
    episode: int  # counted from 1
    t: int = 0  # counted from 0 over the whole recording
    reward: float = 0.0  # of its action, as the agent learned from it
    end: bool = False  # whether rewards stop after it: an end, a time limit, the end of the recording
    bootstrap: float = 0.0  # at an end, the agent's value of the next observation; 0 at a true end
    saliency: Floats | None = None  # as observation, float32: gradient of the greedy action's value
    returns: Floats | None = None  # [A, K]  support of each action's return distribution, if learned
    probabilities: Floats | None = None  # [A, K]


class Trajectory(NamedTuple):
    """A whole recording's data, known before its first frame is drawn."""

    values: Floats  # [T, A]
    returns: Floats  # [T]  discounted return from each step on
    ends: NDArray[np.bool_]  # [T]  whether an episode, or the recording, ends after the step
    observations: Floats  # [T, D], or [T, 0] of image observations
    return_range: tuple[float, float] | None = None  # lowest and highest of `RecordedStep.returns`


def probable_range(returns: Floats, probabilities: Floats) -> tuple[float, float]:
    """Return the lowest and the highest probable return of `[A, K]`.

    That is: with a tenth of the likeliest one's probability, as all quantiles are.

    Example:
        >>> probable_range(np.array([[0.0, 1.0, 2.0]]), np.array([[0.01, 0.8, 0.19]]))
        (1.0, 2.0)
    """
    likely = returns[probabilities >= 0.1 * probabilities.max()]
    return float(likely.min()), float(likely.max())


def discounted_returns(
    rewards: Floats, bootstrap: Floats, ends: NDArray[np.bool_], gamma: float
) -> NDArray[np.float64]:
    """Return the discounted returns `[T]`, `G_t = r_t + γ G_{t+1}`: λ-returns with λ = 1.

    At each end `bootstrap` takes the place of `G_{t+1}`; the last step is an end.

    Example:
        >>> ends = np.array([False, False, True])
        >>> discounted_returns(np.ones(3), np.array([9, 9, 4.0]), ends, 0.5).tolist()
        [2.25, 2.5, 3.0]
    """
    reward, value, last = (column[:, None] for column in (rewards, bootstrap, ends))  # [T, 1]
    return lambda_returns(reward, np.zeros_like(last), last, value, gamma, td_lambda=1.0)[:, 0]
