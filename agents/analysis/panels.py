"""The parts of a frame: screen, the agent's pictures or state variables, its values, their course."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import cv2
import numpy as np

from agents.analysis.drawing import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    ORANGE,
    VERMILLION,
    Array,
    Colour,
    Picture,
    effect_of_blurring,
    fitted,
    paste,
    resized,
    strength,
    text_width,
    tinted,
    write,
)
from agents.analysis.shots import Course, Shot

TITLE = 22  # pixels above a panel's content
LINE = 15  # from the top of a line of text to its base
GAP = 6  # between pictures
MOST_VARIABLES = 9
MOST_PITCH = 52  # pixels a row of values takes at the most


class Panel(Protocol):
    """A part of a frame; the layout gives it an area of the canvas, always the same."""

    def prepare(self, area: Picture) -> None:
        """Draws what stays the same."""

    def draw(self, area: Picture, shot: Shot) -> None:
        """Draws a moment over it."""


class ScreenPanel:
    """What a person sees, below the count of frames and the return so far.

    Args:
        episodes: Whether the play has more than one, so that they need numbers.
    """

    def __init__(self, episodes: bool) -> None:
        self._episodes = episodes

    def prepare(self, area: Picture) -> None:
        """Draws nothing."""

    def draw(self, area: Picture, shot: Shot) -> None:
        """Draws the screen as large as the area allows."""
        text = f"frame {shot.frame}   return so far {shot.total:g}"
        if self._episodes:
            text = f"episode {shot.episode}   {text}"
        write(area, text, (0, LINE), size=0.5, bold=True)
        size = fitted(shot.screen.shape[:2], (area.shape[0] - TITLE - 2, area.shape[1] - 2))
        paste(area, resized(shot.screen, size), TITLE + 1, (area.shape[1] - size[1]) // 2)


class PicturesPanel:
    """The stack as it enters the network, and the newest picture with the saliency laid over it.

    Args:
        shape: `(S, h, w)`.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._count, self._shape = shape[0], shape[1:]

    def prepare(self, area: Picture) -> None:
        """Finds the places of the pictures and writes the titles."""
        height, width = area.shape[0] - 2 * TITLE - 2 * GAP, area.shape[1] - 2
        wide = self._shape[1] >= 2 * self._shape[0]
        self._columns, rows = (1, self._count) if wide else (self._count, 1)
        if wide:
            self._large = fitted(self._shape, (height * 2 // 3, width))
            self._small = fitted(self._shape, ((height - self._large[0]) // rows - GAP, width))
        else:
            self._small = fitted(self._shape, (height // 3, (width + GAP) // self._columns - GAP))
            self._large = fitted(self._shape, (height - self._small[0] - GAP, width))
        self._lower = TITLE + rows * (self._small[0] + GAP) + GAP
        several = f"{self._count} pictures, newest last"
        write(area, f"what it sees: {several if self._count > 1 else 'one picture'}", (0, LINE))
        write(area, "what the value hangs on", (0, self._lower + LINE), colour=VERMILLION)

    def draw(self, area: Picture, shot: Shot) -> None:
        """Draws the pictures."""
        height, width = self._small
        for i, picture in enumerate(shot.observation):
            row, column = divmod(i, self._columns)
            place = (TITLE + 1 + row * (height + GAP), 1 + column * (width + GAP))
            paste(area, resized(picture, self._small), *place)
        slope = np.zeros(shot.observation.shape) if shot.saliency is None else shot.saliency
        share = strength(effect_of_blurring(shot.observation, slope))
        large = resized(tinted(shot.observation[-1], share), self._large)
        paste(area, large, self._lower + TITLE + 1, 1)


class VariablesPanel:
    """The state variables, and how much the value hangs on each.

    The second bar is `|∂Q/∂x_i| * std(x_i)`, std over the play: how far the value moves if the variable
    moves as far as it usually does; the longest bar fills the row.

    Args:
        names: Of the variables.
        course: Decides the scales.
    """

    def __init__(self, names: Sequence[str], course: Course) -> None:
        self._names = names[:MOST_VARIABLES]
        self._more = len(names) - len(self._names)
        seen = np.abs(course.observations).max(axis=0)
        self._reach, self._spread = np.where(seen > 0, seen, 1.0), course.observations.std(axis=0)

    def prepare(self, area: Picture) -> None:
        """Writes titles and names."""
        write(area, "what it sees, and", (0, LINE), colour=BLUE)
        left = text_width("what it sees, and ")
        write(area, "what the value hangs on (gradient x std)", (left, LINE), colour=VERMILLION)
        for i, name in enumerate(self._names):
            write(area, name, (0, self._top(area, i) + LINE))
        if self._more:
            write(area, f"and {self._more} more", (0, area.shape[0] - 4), colour=MUTED)

    def draw(self, area: Picture, shot: Shot) -> None:
        """Draws the bars."""
        slope = np.zeros(len(self._spread)) if shot.saliency is None else shot.saliency
        influence = np.abs(slope) * self._spread
        influence = influence / (influence.max() or 1.0)
        width = area.shape[1] - 1
        middle = width // 2
        for i in range(len(self._names)):
            top, value = self._top(area, i) + TITLE, float(shot.observation[i])
            write(area, f"{value:+.3f}", (width, top - TITLE + LINE), right=True)
            end = middle + round(value / self._reach[i] * middle)
            area[top : top + 12, :width] = FAINT
            area[top : top + 12, min(middle, end) : max(middle, end)] = BLUE
            cv2.line(area, (middle, top - 1), (middle, top + 12), INK, 1)
            _bar(area, top + 14, 8, (0, width), float(influence[i]), VERMILLION)

    def _top(self, area: Picture, i: int) -> int:
        rows = max(len(self._names), 6)
        return TITLE + GAP + i * ((area.shape[0] - TITLE - 2 * GAP) // rows)


def _bar(
    area: Picture, top: int, height: int, track: tuple[int, int], share: float, colour: Colour
) -> None:
    """Fills a share of the track, from its left end."""
    end = track[0] + round(min(max(share, 0.0), 1.0) * (track[1] - track[0]))
    area[top : top + height, track[0] : track[1]] = FAINT
    area[top : top + height, track[0] : end] = colour


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

    def prepare(self, area: Picture) -> None:
        """Writes title and scale."""
        write(area, "value of each action", (0, LINE))
        base = TITLE + self._pitch(area) * len(self._names) + LINE
        right = area.shape[1] - self._digits
        write(area, self._number(self._low), (self._left, base), colour=MUTED, size=0.4)
        write(area, self._number(self._high), (right, base), colour=MUTED, size=0.4, right=True)
        text = f"thin: lead over the worst, up to {self._number(self._lead)}"
        write(area, text, (area.shape[1] - 1, base + LINE + 3), colour=MUTED, size=0.4, right=True)

    def draw(self, area: Picture, shot: Shot) -> None:
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
            _bar(area, top + 3, pitch - 7 - thin, track, float(level[i]), colour)
            _bar(area, top + pitch - 3 - thin, thin, track, float(lead[i]), colour)
            write(area, name, (10, base), colour=BLUE if chosen else INK, bold=chosen)
            write(area, self._number(shot.values[i]), (area.shape[1] - 1, base), bold=chosen, right=True)
            if chosen:
                area[top + 3 : top + pitch - 3, :4] = BLUE

    def _number(self, value: float) -> str:
        return f"{value:.{self._decimals}f}"

    def _pitch(self, area: Picture) -> int:
        return min((area.shape[0] - 3 * TITLE) // len(self._names), MOST_PITCH)


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

    def prepare(self, area: Picture) -> None:
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

    def draw(self, area: Picture, shot: Shot) -> None:
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
