"""Aggregates over runs and their bootstrap, after Agarwal et al. 2021, arXiv:2108.13264.

Scores are `Tasks`: one array `[..., R]` per task, whose last axis is the runs; their numbers may differ.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Tasks = Sequence[Array]
Statistic = Callable[..., Array]  # of one or more `Tasks`, along the last axis

REPEATS = 2_000  # resamples of a bootstrap


def iqm(tasks: Tasks) -> Array:
    """Interquartile mean of all runs together, `[...]`.

    The lowest and the highest quarter, rounded down to whole runs, are left out. A task with more runs
    weighs more.

    Example:
        >>> float(iqm([np.array([0.0, 1.0, 2.0]), np.array([3.0, 100.0])]))
        2.0
    """
    runs = np.concatenate(tasks, axis=-1)
    low, high = (cut := runs.shape[-1] // 4), runs.shape[-1] - cut
    return np.asarray(np.partition(runs, (low, high - 1), axis=-1)[..., low:high].mean(axis=-1))


def mean(tasks: Tasks) -> Array:
    """Mean over tasks of the mean over runs, `[...]`."""
    return np.mean([task.mean(axis=-1) for task in tasks], axis=0)


def median(tasks: Tasks) -> Array:
    """Median over tasks of the mean over runs, `[...]`."""
    return np.median([task.mean(axis=-1) for task in tasks], axis=0)


def optimality_gap(tasks: Tasks) -> Array:
    """Mean shortfall of runs below 1, `[...]`."""
    return 1 - np.minimum(np.concatenate(tasks, axis=-1), 1).mean(axis=-1)


AGGREGATES = (iqm, median, mean, optimality_gap)


def probability_of_improvement(left: Tasks, right: Tasks) -> Array:
    """Probability that a run of `left` scores above one of `right`, `[...]`.

    The mean over tasks of Mann and Whitney's U over the number of pairs; ties count one half.

    Raises:
        ValueError: the numbers of tasks differ.
    """
    shares = []
    for x, y in zip(left, right, strict=True):
        difference = x[..., :, np.newaxis] - y[..., np.newaxis, :]  # [..., Rx, Ry]
        shares.append((np.sign(difference).mean(axis=(-2, -1)) + 1) / 2)
    return np.mean(shares, axis=0)


def performance_profile(tasks: Tasks, scores: ArrayLike) -> Array:
    """Share of runs above each score, `[..., K]` (Dolan and Moré 2002).

    Example:
        >>> performance_profile([np.array([1.0, 2.0]), np.array([3.0, 4.0])], [0, 2, 4]).tolist()
        [1.0, 0.5, 0.0]
    """
    runs = np.concatenate(tasks, axis=-1)[..., np.newaxis, :]
    return (runs > np.asarray(scores, np.float64)[:, np.newaxis]).mean(axis=-1)


def area_under_curve(steps: ArrayLike, values: Sequence[float] | Array, horizon: float) -> float:
    """Mean of a curve over `[0, horizon]`, at ascending steps `[T]`.

    Linear between the points, constant before the first and after the last.

    Example:
        >>> area_under_curve([2, 4], [0, 10], 8)
        6.25
    """
    x = np.asarray(steps, np.float64)
    grid = np.concatenate([[0.0], x[x < horizon], [horizon]])
    return float(np.trapezoid(np.interp(grid, x, values), grid) / horizon)


def bootstrap(statistic: Statistic, *groups: Tasks, repeats: int = REPEATS, seed: int = 0) -> Array:
    """Stratified bootstrap: the statistic of resampled runs, `[repeats, ...]`.

    Runs are drawn with replacement, per group and task: `[..., R] -> [repeats, ..., R]`.
    """
    generator = np.random.default_rng(seed)

    def resample(task: Array) -> Array:
        runs = task.shape[-1]
        return np.moveaxis(task[..., generator.integers(runs, size=(repeats, runs))], -2, 0)

    return statistic(*([resample(task) for task in tasks] for tasks in groups))
