"""Panels of the agent's estimates: values, return distributions, their trajectory."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from agents.recording.drawing import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    Colour,
    Floats,
    Image,
    bar,
    text_width,
    write,
    write_small,
)
from agents.recording.panels import GAP, LINE, TITLE, Draw, write_titles
from agents.recording.steps import RecordedStep, Trajectory

FILL = (204, 227, 240)  # light blue
BACKGROUND = 248


class Scale:
    """A linear scale; its decimals resolve a hundredth of the spread."""

    def __init__(self, low: float, high: float, spread: float | None = None) -> None:
        self.low, self.high, self.range = low, high, (high - low) or 1.0
        spread = self.range if spread is None else spread
        self._decimals = int(np.clip(np.ceil(2 - np.log10(spread)), 2, 5)) if spread > 0 else 2

    def share(self, value: Floats) -> Floats:
        """Map the scale to [0, 1]."""
        return (value - self.low) / self.range

    def text(self, value: float) -> str:
        """Format a value."""
        return f"{value:.{self._decimals}f}"


def values_panel(area: Image, *, names: Sequence[str], trajectory: Trajectory) -> Draw:
    """Show each action's value as a bar, the greedy one coloured.

    A thin bar below each shows the advantage over the worst action, as the values of all actions vary
    together far more than they differ.
    """
    values, largest = trajectory.values, float(np.ptp(trajectory.values, axis=1).max())
    scale = Scale(float(values.min()), float(values.max()), largest)
    low, high = scale.text(scale.low), scale.text(scale.high)
    width = area.shape[1]
    pitch = min((area.shape[0] - 3 * TITLE) // len(names), 52)  # from one row to the next
    thin, base = max(pitch // 6, 3), TITLE + pitch * len(names) + LINE
    digits = GAP + max(text_width(text, bold=True) for text in (low, high))
    track = (max(text_width(name, bold=True) for name in names) + 16, width - digits)
    write_titles(area, ("value of each action", INK))
    write_small(area, low, (track[0], base))
    write_small(area, high, (track[1], base), right=True)
    text = f"thin: advantage over the worst, up to {scale.text(largest)}"
    write_small(area, text, (width - 1, base + LINE + 3), right=True)

    def draw(area: Image, step: RecordedStep) -> None:
        level, greedy = scale.share(step.values), int(step.values.argmax())
        advantage = (step.values - step.values.min()) / (largest or 1.0)
        for i, name in enumerate(names):
            top, is_greedy = TITLE + i * pitch, i == greedy
            colour = BLUE if is_greedy else MUTED
            base = top + pitch // 2 + 4
            bar(area, top + 3, pitch - 7 - thin, track, float(level[i]), colour)
            bar(area, top + pitch - 3 - thin, thin, track, float(advantage[i]), colour)
            write(area, name, (10, base), colour=BLUE if is_greedy else INK, bold=is_greedy)
            write(area, scale.text(step.values[i]), (width - 1, base), bold=is_greedy, right=True)
            if is_greedy:
                area[top + 3 : top + pitch - 3, :4] = BLUE

    return draw


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


def returns_panel(area: Image, *, return_range: tuple[float, float]) -> Draw:
    """Show the return distribution of each action, the greedy one in colour.

    The horizontal axis is that of the whole trajectory; each time step uses the panel's full height.
    """
    (height, width), scale = area.shape[:2], Scale(*return_range)
    base, bandwidth = height - LINE - 1, scale.range / 40
    points = np.linspace(scale.low - 3 * bandwidth, scale.high + 3 * bandwidth, width)
    write_titles(area, ("return distribution", BLUE))
    write(area, "other actions", (width - 1, LINE), colour=MUTED, right=True)
    area[TITLE:base] = BACKGROUND
    write_small(area, scale.text(scale.low), (0, height - 2))
    write_small(area, scale.text(scale.high), (width - 1, height - 2), right=True)

    def draw(area: Image, step: RecordedStep) -> None:
        assert step.returns is not None and step.probabilities is not None
        curves = density(step.returns, step.probabilities, points, bandwidth)
        share = curves / (curves.max() or 1.0)
        y = np.rint(base - 1 - share * (base - TITLE - 6)).astype(int)  # [A, X]
        greedy = int(step.values.argmax())
        area[TITLE:base][np.arange(TITLE, base)[:, None] >= y[greedy]] = FILL
        for action in sorted(range(len(y)), key=lambda action: action == greedy):  # the greedy one on top
            colour = BLUE if action == greedy else MUTED
            _draw_line(area, np.arange(width), y[action], colour)

    return draw


def trajectory_panel(area: Image, *, trajectory: Trajectory) -> Draw:
    """Show the trajectory of the greedy value and the discounted return."""
    values, returns = trajectory.values.max(axis=1), trajectory.returns
    both = np.concatenate([values, returns])
    scale = Scale(float(both.min()), float(both.max()))
    low, high = scale.text(scale.low), scale.text(scale.high)
    height, width = area.shape[:2]
    left = max(text_width(text, 0.4) for text in (high, low)) + 4
    x = np.linspace(left + 2, width - 3, len(values)).round().astype(int)
    series = [
        (numbers, (height - 5 - scale.share(numbers) * (height - TITLE - 10)).round().astype(int), colour)
        for numbers, colour in ((returns, ORANGE), (values, BLUE))
    ]
    write_titles(area, ("value", BLUE), ("and discounted return", ORANGE))
    area[TITLE:, left:] = BACKGROUND
    write_small(area, high, (0, TITLE + 11))
    write_small(area, low, (0, height - 2))
    starts = [0, *(np.flatnonzero(trajectory.ends) + 1).tolist()]
    for _, y, colour in series:
        for first, end in pairwise(starts):
            _draw_line(area, x[first:end], y[first:end], colour)

    def draw(area: Image, step: RecordedStep) -> None:
        now, right = int(x[step.t]), width - 1
        cv2.line(area, (now, TITLE), (now, height - 1), INK, 1)
        for numbers, y, colour in series:
            number = scale.text(numbers[step.t])
            write(area, number, (right, LINE), colour=colour, right=True, bold=True)
            right -= text_width(number, bold=True) + 2 * GAP
            cv2.circle(area, (now, int(y[step.t])), 4, colour, -1, cv2.LINE_AA)

    return draw


def _draw_line(area: Image, x: NDArray[np.int64], y: NDArray[np.int64], colour: Colour) -> None:
    cv2.polylines(area, [np.stack([x, y], axis=1)[:, None]], False, colour, 1, cv2.LINE_AA)
