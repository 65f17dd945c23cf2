"""Curves of several runs on one axis."""

from typing import Literal, NamedTuple

import numpy as np

from agents.analysis.comparison import Task
from agents.analysis.groups import Group
from agents.analysis.intervals import Estimate, student_interval
from agents.analysis.statistics import Array, iqm

Axis = Literal["steps", "seconds"]

POINTS = 200  # of a drawn curve, about


class GroupCurve(NamedTuple):
    """A group's scores on a common grid."""

    x: Array  # [G] agent steps or seconds of training
    runs: Array  # [R, G]
    iqm: Estimate  # of arrays [G]


def grid(task: Task, axis: Axis) -> Array:
    """Return the points `[G]` of comparison: the evaluations, thinned out."""
    points = np.unique(np.concatenate([getattr(run.score, axis) for run in task.runs]))
    if axis == "steps":
        return points[:: -(-len(points) // POINTS)].astype(np.float64)
    scale = np.geomspace if is_wide(task) else np.linspace
    return np.asarray(scale(max(points[0], points[-1] * 1e-4), points[-1], POINTS))


def is_wide(task: Task) -> bool:
    """Return whether the groups' seconds need a logarithmic axis."""
    ends = [max(run.score.seconds[-1] for run in row.group.runs) for row in task.rows]
    return bool(min(ends) > 0 and max(ends) > 20 * min(ends))


def interpolate(group: Group, points: Array, axis: Axis) -> GroupCurve:
    """Interpolate a group's runs on a grid to the longest's end; a shorter one keeps its last score."""
    curves = [(getattr(run.score, axis), run.score.values) for run in group.runs]
    first, last = min(at[0] for at, _ in curves), max(at[-1] for at, _ in curves)
    x = np.append(points[(points >= first) & (points < last)], last)
    runs = np.stack([np.interp(x, at, values) for at, values in curves])
    return GroupCurve(x, runs, student_interval(iqm, [runs.T], repeats=500))
