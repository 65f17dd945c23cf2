"""Panels of the agent's estimates: values, return distributions, their trajectory."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from agents.recording.drawing import BLUE, INK, MUTED, ORANGE, Floats, Image, bar, text_width, write
from agents.recording.panels import GAP, LINE, TITLE
from agents.recording.steps import RecordedStep, Trajectory

MAX_PITCH = 52  # pixels from one row of values to the next, at most
FILL = (204, 227, 240)  # light blue
SMOOTH = 40  # the kernel's standard deviation is the range of returns divided by this


def decimals(spread: float) -> int:
    """Return the decimals, 2 to 5, that resolve spread / 100."""
    return int(np.clip(np.ceil(2 - np.log10(spread)), 2, 5)) if spread > 0 else 2


class ValuesPanel:
    """The value of each action as a bar, the greedy one blue.

    A thin bar below each shows the advantage over the worst action, as the values of all actions vary
    together far more than they differ.

    Args:
        names: Of the actions.
        trajectory: Decides the scales.
    """

    def __init__(self, names: Sequence[str], trajectory: Trajectory) -> None:
        self._names = names
        self._low, self._high = float(trajectory.values.min()), float(trajectory.values.max())
        self._largest = float(np.ptp(trajectory.values, axis=1).max())
        self._left = max(text_width(name, bold=True) for name in names) + 16
        self._decimals = decimals(self._largest)
        widest = (self._number(x) for x in (self._low, self._high))
        self._digits = GAP + max(text_width(text, bold=True) for text in widest)

    def prepare(self, area: Image) -> None:
        """Write title and scale."""
        write(area, "value of each action", (0, LINE))
        base = TITLE + self._pitch(area) * len(self._names) + LINE
        right = area.shape[1] - self._digits
        write(area, self._number(self._low), (self._left, base), colour=MUTED, size=0.4)
        write(area, self._number(self._high), (right, base), colour=MUTED, size=0.4, right=True)
        text = f"thin: advantage over the worst, up to {self._number(self._largest)}"
        write(area, text, (area.shape[1] - 1, base + LINE + 3), colour=MUTED, size=0.4, right=True)

    def draw(self, area: Image, step: RecordedStep) -> None:
        """Draw the bars."""
        greedy, pitch = int(step.values.argmax()), self._pitch(area)
        track = (self._left, area.shape[1] - self._digits)
        thin = max(pitch // 6, 3)
        level = (step.values - self._low) / ((self._high - self._low) or 1.0)
        advantage = (step.values - step.values.min()) / (self._largest or 1.0)
        for i, name in enumerate(self._names):
            top, is_greedy = TITLE + i * pitch, i == greedy
            colour = BLUE if is_greedy else MUTED
            base = top + pitch // 2 + 4
            bar(area, top + 3, pitch - 7 - thin, track, float(level[i]), colour)
            bar(area, top + pitch - 3 - thin, thin, track, float(advantage[i]), colour)
            write(area, name, (10, base), colour=BLUE if is_greedy else INK, bold=is_greedy)
            write(area, self._number(step.values[i]), (area.shape[1] - 1, base), bold=is_greedy, right=True)
            if is_greedy:
                area[top + 3 : top + pitch - 3, :4] = BLUE

    def _number(self, value: float) -> str:
        return f"{value:.{self._decimals}f}"

    def _pitch(self, area: Image) -> int:
        return min((area.shape[0] - 3 * TITLE) // len(self._names), MAX_PITCH)


def density(returns: Floats, probabilities: Floats, points: Floats, bandwidth: float) -> Floats:
    """Return the unnormalised kernel density of returns at points `[X]`: `[A, X]`.

    A Gaussian for each atom or quantile, weighted by its probability (Rosenblatt 1956,
    doi:10.1214/aoms/1177728190).

    Example:
        >>> density(np.array([[0.0, 4.0]]), np.array([[0.25, 0.75]]), np.array([0.0, 4.0]), 0.5).round(6)
        array([[0.25, 0.75]])
    """
    distance = (points[None, :, None] - returns[:, None, :]) / bandwidth
    return np.asarray((np.exp(-0.5 * distance**2) * probabilities[:, None, :]).sum(axis=2))


class ReturnsPanel:
    """The return distribution of each action, the greedy one in colour.

    The horizontal axis is that of the whole trajectory; each time step uses the panel's full height.

    Args:
        return_range: Lowest and highest return that is ever probable in the trajectory.
    """

    def __init__(self, return_range: tuple[float, float]) -> None:
        self._low, self._high = return_range
        self._range = (self._high - self._low) or 1.0

    def prepare(self, area: Image) -> None:
        """Write title and scale."""
        write(area, "return distribution", (0, LINE), colour=BLUE)
        write(area, "other actions", (area.shape[1] - 1, LINE), colour=MUTED, right=True)
        height, width = area.shape[:2]
        self._base = height - LINE - 1
        area[TITLE : self._base] = 248
        digits = decimals(self._range)
        write(area, f"{self._low:.{digits}f}", (0, height - 2), colour=MUTED, size=0.4)
        high = f"{self._high:.{digits}f}"
        write(area, high, (width - 1, height - 2), colour=MUTED, size=0.4, right=True)
        margin = 3 * self._range / SMOOTH
        self._points = np.linspace(self._low - margin, self._high + margin, width)

    def draw(self, area: Image, step: RecordedStep) -> None:
        """Draw a curve per action, the greedy one filled and on top."""
        assert step.returns is not None and step.probabilities is not None
        curves = density(step.returns, step.probabilities, self._points, self._range / SMOOTH)
        share = curves / (curves.max() or 1.0)
        y = np.rint(self._base - 1 - share * (self._base - TITLE - 6)).astype(int)  # [A, X]
        greedy, x = int(step.values.argmax()), np.arange(area.shape[1])
        inside = np.arange(TITLE, self._base)[:, None] >= y[greedy]
        area[TITLE : self._base][inside] = FILL
        for action in sorted(range(len(y)), key=lambda action: action == greedy):
            colour = BLUE if action == greedy else MUTED
            line = np.stack([x, y[action]], axis=1)[:, None]
            cv2.polylines(area, [line], False, colour, 1, cv2.LINE_AA)


class TrajectoryPanel:
    """The greedy action's value over the whole trajectory, against the discounted return.

    Args:
        trajectory: The recording.
    """

    def __init__(self, trajectory: Trajectory) -> None:
        self._values, self._returns = trajectory.values.max(axis=1), trajectory.returns
        self._ends = trajectory.ends
        both = np.concatenate([self._values, self._returns])
        self._low, self._high = float(both.min()), float(both.max())
        self._decimals = decimals(self._high - self._low)

    def prepare(self, area: Image) -> None:
        """Draw the curves."""
        write(area, "value", (0, LINE), colour=BLUE)
        write(area, "and discounted return", (text_width("value "), LINE), colour=ORANGE)
        height, width = area.shape[:2]
        high, low = (f"{x:.{self._decimals}f}" for x in (self._high, self._low))
        left = max(text_width(text, 0.4) for text in (high, low)) + 4
        self._x = np.linspace(left + 2, width - 3, len(self._values)).round().astype(int)
        area[TITLE:, left:] = 248
        write(area, high, (0, TITLE + 11), colour=MUTED, size=0.4)
        write(area, low, (0, height - 2), colour=MUTED, size=0.4)
        starts = [0, *(np.flatnonzero(self._ends) + 1).tolist()]
        for series, colour in ((self._returns, ORANGE), (self._values, BLUE)):
            points = np.stack([self._x, self._y(series, height)], axis=1)
            for first, end in pairwise(starts):
                cv2.polylines(area, [points[first:end, None]], False, colour, 1, cv2.LINE_AA)

    def draw(self, area: Image, step: RecordedStep) -> None:
        """Mark the time step."""
        (height, width), x = area.shape[:2], int(self._x[step.t])
        cv2.line(area, (x, TITLE), (x, height - 1), INK, 1)
        right = width - 1
        for series, colour in ((self._returns, ORANGE), (self._values, BLUE)):
            number = f"{series[step.t]:.{self._decimals}f}"
            write(area, number, (right, LINE), colour=colour, right=True, bold=True)
            right -= text_width(number, bold=True) + 2 * GAP
            y = int(self._y(series[step.t], height))
            cv2.circle(area, (x, y), 4, colour, -1, cv2.LINE_AA)

    def _y(self, value: Floats, height: int) -> Floats:
        share = (value - self._low) / ((self._high - self._low) or 1.0)
        return np.asarray(height - 5 - share * (height - TITLE - 10)).round().astype(int)
