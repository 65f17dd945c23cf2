"""Helpers of the tests of panels and frames: made-up steps, and colours read back."""

from typing import Any

import numpy as np

from agents.recording.drawing import FAINT
from agents.recording.panels import Panel
from agents.recording.steps import RecordedStep, Trajectory

Array = Any
GRAYS = (10, 20, 30, 50)  # of `stack`, oldest first


def trajectory(values: Array, observations: Array | None = None, ends: Array | None = None) -> Trajectory:
    values = np.asarray(values, np.float32)
    last = np.arange(len(values)) == len(values) - 1
    states = np.zeros((len(values), 0)) if observations is None else np.asarray(observations)
    return Trajectory(values, values.max(axis=1) + 1, last if ends is None else np.asarray(ends), states)


def step(values: Array, observation: Array | None = None, **fields: Any) -> RecordedStep:
    screen = np.full((40, 60, 3), 200, np.uint8)
    state = np.zeros(2, np.float32) if observation is None else np.asarray(observation)
    return RecordedStep(screen, state, np.asarray(values, np.float32), 3.0, 7, 1)._replace(**fields)


def drawn(panel: Panel, current: RecordedStep, size: tuple[int, int] = (300, 300)) -> Array:
    """Return a panel's drawing on a blank area."""
    area = np.full((*size, 3), 255, np.uint8)
    panel(area)(area, current)
    return area


def is_colour(area: Array, colour: tuple[int, int, int]) -> Array:
    return (area == colour).all(axis=-1)


def count(area: Array, colour: tuple[int, int, int]) -> int:
    return int(is_colour(area, colour).sum())


def filled_shares(area: Array, colours: tuple[tuple[int, int, int], ...]) -> list[float]:
    """Return the filled share of each horizontal bar, from top to bottom."""
    filled = np.logical_or.reduce([is_colour(area, colour) for colour in colours])
    track = filled | is_colour(area, FAINT)
    rows = np.flatnonzero(track.sum(axis=1) > area.shape[1] // 3)
    bars = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    columns = np.flatnonzero(is_colour(area, FAINT).any(axis=0))
    first = min(np.flatnonzero(track[rows[0]])[0], columns[0])
    return [filled[bar[0], first:].sum() / track[bar[0], first:].sum() for bar in bars]


def longest_bars(area: Array, colour: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Return the first and last column of each horizontal bar of a colour, from top to bottom."""
    filled = is_colour(area, colour)
    rows = np.flatnonzero(filled.sum(axis=1) > area.shape[1] // 8)
    bars = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    columns = [np.flatnonzero(filled[bar[len(bar) // 2]]) for bar in bars]
    return [(int(x[0]), int(x[-1])) for x in columns]


def stack(height: int, width: int) -> Array:
    """Return four images of one gray each, oldest first."""
    return np.stack([np.full((height, width), gray, np.uint8) for gray in GRAYS])


def centres(area: Array) -> list[tuple[float, float]]:
    """Return the centre `(y, x)` of each gray of `stack`."""
    places = [np.nonzero(is_colour(area, (gray, gray, gray))) for gray in GRAYS]
    return [(float(np.median(y)), float(np.median(x))) for y, x in places]
