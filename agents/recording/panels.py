"""The parts of a frame that show what is seen: the screen, the agent's images or state variables."""

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np

from agents.recording.drawing import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    VERMILLION,
    Image,
    bar,
    effect_of_blurring,
    fit,
    overlay,
    paste,
    resized,
    strength,
    text_width,
    write,
)
from agents.recording.steps import Course, Shot

TITLE = 22  # pixels above a panel's content
LINE = 15  # from the top of a line of text to its base
GAP = 6  # between images
MOST_VARIABLES = 9


class Panel(Protocol):
    """A part of a frame; the layout gives it an area of the canvas, always the same."""

    def prepare(self, area: Image) -> None:
        """Draws what stays the same."""

    def draw(self, area: Image, shot: Shot) -> None:
        """Draws a moment over it."""


class ScreenPanel:
    """What a person sees, below the count of frames and the return so far.

    Args:
        episodes: Whether the play has more than one, so that they need numbers.
    """

    def __init__(self, episodes: bool) -> None:
        self._episodes = episodes

    def prepare(self, area: Image) -> None:
        """Draws nothing."""

    def draw(self, area: Image, shot: Shot) -> None:
        """Draws the screen as large as the area allows."""
        text = f"frame {shot.frame}   return so far {shot.total:g}"
        if self._episodes:
            text = f"episode {shot.episode}   {text}"
        write(area, text, (0, LINE), size=0.5, bold=True)
        size = fit(shot.screen.shape[:2], (area.shape[0] - TITLE - 2, area.shape[1] - 2))
        paste(area, resized(shot.screen, size), TITLE + 1, (area.shape[1] - size[1]) // 2)


class ImagesPanel:
    """The stack as it enters the network, and the newest image with the saliency laid over it.

    Args:
        shape: `(S, h, w)`.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._count, self._shape = shape[0], shape[1:]

    def prepare(self, area: Image) -> None:
        """Finds the places of the images and writes the titles."""
        height, width = area.shape[0] - 2 * TITLE - 2 * GAP, area.shape[1] - 2
        wide = self._shape[1] >= 2 * self._shape[0]
        self._columns, rows = (1, self._count) if wide else (self._count, 1)
        if wide:
            self._large = fit(self._shape, (height * 2 // 3, width))
            self._small = fit(self._shape, ((height - self._large[0]) // rows - GAP, width))
        else:
            self._small = fit(self._shape, (height // 3, (width + GAP) // self._columns - GAP))
            self._large = fit(self._shape, (height - self._small[0] - GAP, width))
        self._lower = TITLE + rows * (self._small[0] + GAP) + GAP
        several = f"{self._count} images, newest last"
        write(area, f"what it sees: {several if self._count > 1 else 'one image'}", (0, LINE))
        write(area, "what the value hangs on", (0, self._lower + LINE), colour=VERMILLION)

    def draw(self, area: Image, shot: Shot) -> None:
        """Draws the images."""
        height, width = self._small
        for i, image in enumerate(shot.observation):
            row, column = divmod(i, self._columns)
            place = (TITLE + 1 + row * (height + GAP), 1 + column * (width + GAP))
            paste(area, resized(image, self._small), *place)
        slope = np.zeros(shot.observation.shape) if shot.saliency is None else shot.saliency
        share = strength(effect_of_blurring(shot.observation, slope))
        large = resized(overlay(shot.observation[-1], share), self._large)
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

    def prepare(self, area: Image) -> None:
        """Writes titles and names."""
        write(area, "what it sees, and", (0, LINE), colour=BLUE)
        left = text_width("what it sees, and ")
        write(area, "what the value hangs on (gradient x std)", (left, LINE), colour=VERMILLION)
        for i, name in enumerate(self._names):
            write(area, name, (0, self._top(area, i) + LINE))
        if self._more:
            write(area, f"and {self._more} more", (0, area.shape[0] - 4), colour=MUTED)

    def draw(self, area: Image, shot: Shot) -> None:
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
            bar(area, top + 14, 8, (0, width), float(influence[i]), VERMILLION)

    def _top(self, area: Image, i: int) -> int:
        rows = max(len(self._names), 6)
        return TITLE + GAP + i * ((area.shape[0] - TITLE - 2 * GAP) // rows)
