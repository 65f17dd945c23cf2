"""The parts of a frame that show what the agent expects: values, returns, and their course in time."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from agents.recording.drawing import BLUE, INK, MUTED, ORANGE, Array, Image, bar, text_width, write
from agents.recording.panels import GAP, LINE, TITLE
from agents.recording.steps import Course, Shot

MOST_PITCH = 52  # pixels a row of values takes at the most
FILL = (204, 227, 240)  # a light blue
SMOOTH = 40  # the kernel's standard deviation is the range of returns divided by this


def _decimals(spread: float) -> int:
    """Returns how many decimals show differences of a hundredth of the spread, 2 to 5 of them."""
    return int(np.clip(np.ceil(2 - np.log10(spread)), 2, 5)) if spread > 0 else 2


class ValuesPanel:
    """The value of each action as a bar, the greedy one in colour; all scales are the whole play's.

    Below each a thin bar shows the lead over the worst action: the values of all actions rise and fall
    together, and far more than they differ.

    Args:
        names: Of the actions.
        course: Decides the scales.
    """

    def __init__(self, names: Sequence[str], course: Course) -> None:
        self._names = names
        self._low, self._high = float(course.values.min()), float(course.values.max())
        self._lead = float(np.ptp(course.values, axis=1).max())
        self._left = max(text_width(name, bold=True) for name in names) + 16
        self._decimals = _decimals(self._lead)
        widest = (self._number(x) for x in (self._low, self._high))
        self._digits = GAP + max(text_width(text, bold=True) for text in widest)

    def prepare(self, area: Image) -> None:
        """Writes title and scale."""
        write(area, "value of each action", (0, LINE))
        base = TITLE + self._pitch(area) * len(self._names) + LINE
        right = area.shape[1] - self._digits
        write(area, self._number(self._low), (self._left, base), colour=MUTED, size=0.4)
        write(area, self._number(self._high), (right, base), colour=MUTED, size=0.4, right=True)
        text = f"thin: lead over the worst, up to {self._number(self._lead)}"
        write(area, text, (area.shape[1] - 1, base + LINE + 3), colour=MUTED, size=0.4, right=True)

    def draw(self, area: Image, shot: Shot) -> None:
        """Draws the bars."""
        greedy, pitch = int(shot.values.argmax()), self._pitch(area)
        track = (self._left, area.shape[1] - self._digits)
        thin = max(pitch // 6, 3)
        level = (shot.values - self._low) / ((self._high - self._low) or 1.0)
        lead = (shot.values - shot.values.min()) / (self._lead or 1.0)
        for i, name in enumerate(self._names):
            top, chosen = TITLE + i * pitch, i == greedy
            colour = BLUE if chosen else MUTED
            base = top + pitch // 2 + 4
            bar(area, top + 3, pitch - 7 - thin, track, float(level[i]), colour)
            bar(area, top + pitch - 3 - thin, thin, track, float(lead[i]), colour)
            write(area, name, (10, base), colour=BLUE if chosen else INK, bold=chosen)
            write(area, self._number(shot.values[i]), (area.shape[1] - 1, base), bold=chosen, right=True)
            if chosen:
                area[top + 3 : top + pitch - 3, :4] = BLUE

    def _number(self, value: float) -> str:
        return f"{value:.{self._decimals}f}"

    def _pitch(self, area: Image) -> int:
        return min((area.shape[0] - 3 * TITLE) // len(self._names), MOST_PITCH)


def density(returns: Array, probability: Array, places: Array, deviation: float) -> Array:
    """Returns a smooth density over returns, up to a factor: `[A, K], [A, K], [X] -> [A, X]`.

    A Gaussian for each atom or quantile, as high as it is probable (Rosenblatt 1956,
    doi:10.1214/aoms/1177728190).

    Example:
        >>> density(np.array([[0.0, 4.0]]), np.array([[0.25, 0.75]]), np.array([0.0, 4.0]), 0.5).round(6)
        array([[0.25, 0.75]])
    """
    apart = (places[None, :, None] - returns[:, None, :]) / deviation
    return np.asarray((np.exp(-0.5 * apart**2) * probability[:, None, :]).sum(axis=2))


class ReturnsPanel:
    """How the return is distributed that the agent expects of each action; the greedy one in colour.

    The axis is the whole play's; each moment is drawn as high as the panel is.

    Args:
        reach: Least and greatest return that was ever probable in the play.
    """

    def __init__(self, reach: tuple[float, float]) -> None:
        self._low, self._high = reach
        self._range = (self._high - self._low) or 1.0

    def prepare(self, area: Image) -> None:
        """Writes title and scale."""
        write(area, "returns it expects", (0, LINE), colour=BLUE)
        write(area, "of the others", (area.shape[1] - 1, LINE), colour=MUTED, right=True)
        height, width = area.shape[:2]
        self._base = height - LINE - 1
        area[TITLE : self._base] = 248
        decimals = _decimals(self._range)
        write(area, f"{self._low:.{decimals}f}", (0, height - 2), colour=MUTED, size=0.4)
        write(
            area, f"{self._high:.{decimals}f}", (width - 1, height - 2), colour=MUTED, size=0.4, right=True
        )
        margin = 3 * self._range / SMOOTH
        self._places = np.linspace(self._low - margin, self._high + margin, width)

    def draw(self, area: Image, shot: Shot) -> None:
        """Draws a curve for each action, that of the greedy one filled and last."""
        assert shot.returns is not None and shot.probability is not None
        curves = density(shot.returns, shot.probability, self._places, self._range / SMOOTH)
        share = curves / (curves.max() or 1.0)
        y = np.rint(self._base - 1 - share * (self._base - TITLE - 6)).astype(int)  # [A, X]
        greedy, x = int(shot.values.argmax()), np.arange(area.shape[1])
        inside = np.arange(TITLE, self._base)[:, None] >= y[greedy]
        area[TITLE : self._base][inside] = FILL
        for action in sorted(range(len(y)), key=lambda action: action == greedy):
            colour = BLUE if action == greedy else MUTED
            line = np.stack([x, y[action]], axis=1)[:, None]
            cv2.polylines(area, [line], False, colour, 1, cv2.LINE_AA)


class CoursePanel:
    """The greedy action's value over the whole play, against the discounted return that followed.

    Args:
        course: The play.
    """

    def __init__(self, course: Course) -> None:
        self._value, self._followed, self._cut = course.values.max(axis=1), course.followed, course.cut
        both = np.concatenate([self._value, self._followed])
        self._low, self._high = float(both.min()), float(both.max())
        self._decimals = _decimals(self._high - self._low)

    def prepare(self, area: Image) -> None:
        """Draws the curves."""
        write(area, "value", (0, LINE), colour=BLUE)
        write(area, "and discounted return that came", (text_width("value "), LINE), colour=ORANGE)
        height, width = area.shape[:2]
        high, low = (f"{x:.{self._decimals}f}" for x in (self._high, self._low))
        left = max(text_width(text, 0.4) for text in (high, low)) + 4
        self._x = np.linspace(left + 2, width - 3, len(self._value)).round().astype(int)
        area[TITLE:, left:] = 248
        write(area, high, (0, TITLE + 11), colour=MUTED, size=0.4)
        write(area, low, (0, height - 2), colour=MUTED, size=0.4)
        starts = [0, *(np.flatnonzero(self._cut) + 1).tolist()]
        for series, colour in ((self._followed, ORANGE), (self._value, BLUE)):
            points = np.stack([self._x, self._y(series, height)], axis=1)
            for first, end in pairwise(starts):
                cv2.polylines(area, [points[first:end, None]], False, colour, 1, cv2.LINE_AA)

    def draw(self, area: Image, shot: Shot) -> None:
        """Marks the moment."""
        (height, width), x = area.shape[:2], int(self._x[shot.at])
        cv2.line(area, (x, TITLE), (x, height - 1), INK, 1)
        right = width - 1
        for series, colour in ((self._followed, ORANGE), (self._value, BLUE)):
            number = f"{series[shot.at]:.{self._decimals}f}"
            write(area, number, (right, LINE), colour=colour, right=True, bold=True)
            right -= text_width(number, bold=True) + 2 * GAP
            y = int(self._y(series[shot.at], height))
            cv2.circle(area, (x, y), 4, colour, -1, cv2.LINE_AA)

    def _y(self, value: Array, height: int) -> Array:
        share = (value - self._low) / ((self._high - self._low) or 1.0)
        return np.asarray(height - 5 - share * (height - TITLE - 10)).round().astype(int)
