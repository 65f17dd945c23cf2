"""What several runs say: aggregates and their bootstrap, as in Agarwal et al. 2021, arXiv:2108.13264.

Scores come as `Tasks`: one array `[..., R]` a task, whose last axis is the runs; their numbers may differ.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import trapezoid
from scipy.stats import trim_mean

Array = NDArray[np.float64]
Tasks = Sequence[Array]
Statistic = Callable[..., Array]  # of one or more `Tasks`, along the last axis

REPEATS = 2_000  # resamplings of a bootstrap


def iqm(tasks: Tasks) -> Array:
    """Interquartile mean `[...]`: of all runs together, the mean without the lowest and highest quarter.

    The quarters are rounded down to whole runs. A task with more runs than another weighs more.

    Example:
        >>> float(iqm([np.array([0.0, 1.0, 2.0]), np.array([3.0, 100.0])]))
        2.0
    """
    return np.asarray(trim_mean(np.concatenate(tasks, axis=-1), 0.25, axis=-1))


def mean(tasks: Tasks) -> Array:
    """Mean over tasks of the mean over runs, `[...]`."""
    return np.mean([task.mean(axis=-1) for task in tasks], axis=0)


def median(tasks: Tasks) -> Array:
    """Median over tasks of the mean over runs, `[...]`."""
    return np.median([task.mean(axis=-1) for task in tasks], axis=0)


def optimality_gap(tasks: Tasks, goal: float = 1.0) -> Array:
    """How far runs stay below a goal, on average; what lies above it counts as the goal, `[...]`."""
    return goal - np.minimum(np.concatenate(tasks, axis=-1), goal).mean(axis=-1)


def probability_of_improvement(left: Tasks, right: Tasks) -> Array:
    """How often a run of `left` scores above one of `right`, ties as one half; mean over tasks, `[...]`.

    On each task it is the statistic U of Mann and Whitney over the number of pairs.

    Raises:
        ValueError: the numbers of tasks differ.
    """
    shares = []
    for x, y in zip(left, right, strict=True):
        difference = x[..., :, np.newaxis] - y[..., np.newaxis, :]  # [..., Rx, Ry]
        shares.append((np.sign(difference).mean(axis=(-2, -1)) + 1) / 2)
    return np.mean(shares, axis=0)


def performance_profile(tasks: Tasks, reward_thresholds: ArrayLike) -> Array:
    """Share of all runs that score above each of K marks, `[..., K]` (Dolan and Moré 2002).

    Example:
        >>> performance_profile([np.array([1.0, 2.0]), np.array([3.0, 4.0])], [0, 2, 4]).tolist()
        [1.0, 0.5, 0.0]
    """
    scores = np.concatenate(tasks, axis=-1)[..., np.newaxis, :]
    return (scores > np.asarray(reward_thresholds, np.float64)[:, np.newaxis]).mean(axis=-1)


def area_under_curve(steps: ArrayLike, values: Sequence[float] | Array, horizon: float) -> float:
    """Mean of a curve over `[0, horizon]`.

    Straight lines between the points; before the first and after the last, their own values.

    Args:
        steps: `[T]` ascending.
        values: `[T]`.
        horizon: Above 0; points beyond it count only through the line that leads there.

    Example:
        >>> area_under_curve([2, 4], [0, 10], 8)
        6.25
    """
    x = np.asarray(steps, np.float64)
    grid = np.concatenate([[0.0], x[x < horizon], [horizon]])
    return float(trapezoid(np.interp(grid, x, values), grid) / horizon)


def resample(tasks: Tasks, repeats: int, generator: np.random.Generator) -> list[Array]:
    """Draws runs with replacement within each task, `[..., R] -> [repeats, ..., R]`."""
    drawn = []
    for task in tasks:
        rows = generator.integers(task.shape[-1], size=(repeats, task.shape[-1]))
        drawn.append(np.moveaxis(task[..., rows], -2, 0))
    return drawn


def bootstrap(statistic: Statistic, *groups: Tasks, repeats: int = REPEATS, seed: int = 0) -> Array:
    """Stratified bootstrap: the statistic of resampled runs, `[repeats, ...]`.

    Args:
        statistic: Of as many `Tasks` as there are groups.
        groups: Resampled independently, and independently on each task.
        repeats: Resamplings.
        seed: The same seed draws the same.
    """
    generator = np.random.default_rng(seed)
    return statistic(*(resample(tasks, repeats, generator) for tasks in groups))


def percentile_interval(draws: Array, level: float = 0.95) -> tuple[Array, Array]:
    """Low and high end `[...]` that leave out (1 - level) / 2 of the draws `[repeats, ...]` on each side.

    With few runs it is too narrow: see `agents.analysis.intervals`, which pages and tables use.
    """
    outside = 50 * (1 - level)
    low, high = np.percentile(draws, [outside, 100 - outside], axis=0)
    return low, high
