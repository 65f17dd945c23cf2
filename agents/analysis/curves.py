"""Curves of several runs on one axis."""

from typing import Literal, NamedTuple

import numpy as np

from agents.analysis.comparison import Task
from agents.analysis.groups import Group
from agents.analysis.intervals import Estimate, student_interval
from agents.analysis.statistics import Array, iqm

Axis = Literal["steps", "seconds"]

POINTS = 200  # of a drawn curve, about
REPEATS = 500  # resamplings at each of them


class Joined(NamedTuple):
    """A group's scores on a common grid."""

    x: Array  # [G] agent steps or seconds of training
    runs: Array  # [R, G]
    iqm: Estimate  # of arrays [G]


def grid(task: Task, axis: Axis) -> Array:
    """Returns where an environment's curves are compared, `[G]`: at its evaluations, if not too many."""
    curves = [run.score for row in task.rows for run in row.group.runs]
    every = np.unique(np.concatenate([getattr(curve, axis) for curve in curves]))
    if axis == "steps":
        return every[:: -(-len(every) // POINTS)].astype(np.float64)
    scale = np.geomspace if is_wide(task) else np.linspace
    return np.asarray(scale(max(every[0], every[-1] * 1e-4), every[-1], POINTS))


def is_wide(task: Task) -> bool:
    """Whether the groups' seconds differ so much that they need a logarithmic axis."""
    ends = [max(run.score.seconds[-1] for run in row.group.runs) for row in task.rows]
    return bool(min(ends) > 0 and max(ends) > 20 * min(ends))


def join(group: Group, points: Array, axis: Axis) -> Joined:
    """Puts a group's runs on a grid, up to where the longest of them ended.

    A run that ended before keeps its last score: an agent that is done stays as it is.
    """
    curves = [run.score for run in group.runs]
    first = min(getattr(curve, axis)[0] for curve in curves)
    last = max(getattr(curve, axis)[-1] for curve in curves)
    x = np.append(points[(points >= first) & (points < last)], last)
    runs = np.stack([np.interp(x, getattr(curve, axis), curve.values) for curve in curves])
    return Joined(x, runs, student_interval(iqm, [runs.T], repeats=REPEATS))
