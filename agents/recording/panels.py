"""Panels of the inputs: screen, observation, saliency."""

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
    blurring_effect,
    fit,
    normalise,
    overlay,
    paste,
    resize,
    text_width,
    write,
)
from agents.recording.steps import RecordedStep, Trajectory

TITLE = 22  # pixels above a panel's content
LINE = 15  # from the top of a line of text to its base
GAP = 6  # between images
MAX_VARIABLES = 9


class Panel(Protocol):
    """A part of a frame, always drawn on the same area."""

    def prepare(self, area: Image) -> None:
        """Draw the static content, once."""

    def draw(self, area: Image, step: RecordedStep) -> None:
        """Draw the content of one time step over it."""


class ScreenPanel:
    """The screen, below the frame number and the return so far.

    Args:
        numbered: Whether to number the episodes.
    """

    def __init__(self, numbered: bool) -> None:
        self._numbered = numbered

    def prepare(self, area: Image) -> None:
        """Draw nothing."""

    def draw(self, area: Image, step: RecordedStep) -> None:
        """Draw the screen as large as the area allows."""
        text = f"frame {step.frame}   return so far {step.return_so_far:g}"
        if self._numbered:
            text = f"episode {step.episode}   {text}"
        write(area, text, (0, LINE), size=0.5, bold=True)
        size = fit(step.screen.shape[:2], (area.shape[0] - TITLE - 2, area.shape[1] - 2))
        paste(area, resize(step.screen, size), TITLE + 1, (area.shape[1] - size[1]) // 2)


class StackPanel:
    """The stacked images of an observation, oldest first.

    Args:
        shape: `(S, h, w)`.
        columns: Images side by side.
        title: Written above them.
    """

    def __init__(self, shape: tuple[int, int, int], columns: int, title: str) -> None:
        self._shape, self._columns, self._title = shape, columns, title

    def prepare(self, area: Image) -> None:
        """Write the title."""
        write(area, self._title, (0, LINE))
        rows = -(-self._shape[0] // self._columns)
        height = (area.shape[0] - TITLE - GAP) // rows - GAP
        self._size = fit(self._shape[1:], (height, (area.shape[1] - 2 + GAP) // self._columns - GAP))

    def draw(self, area: Image, step: RecordedStep) -> None:
        """Draw the images."""
        height, width = self._size
        for i, image in enumerate(step.observation.astype(np.uint8)):
            row, column = divmod(i, self._columns)
            top, left = TITLE + 1 + row * (height + GAP), 1 + column * (width + GAP)
            paste(area, resize(image, self._size), top, left)


class SaliencyPanel:
    """The newest image, overlaid with the saliency of the greedy action's value.

    Args:
        shape: `(h, w)` of the image.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape

    def prepare(self, area: Image) -> None:
        """Write the title."""
        write(area, "saliency of the greedy value", (0, LINE), colour=VERMILLION)
        self._size = fit(self._shape, (area.shape[0] - TITLE - GAP, area.shape[1] - 2))

    def draw(self, area: Image, step: RecordedStep) -> None:
        """Draw the image."""
        images = step.observation.astype(np.uint8)
        gradient = np.zeros(images.shape) if step.saliency is None else step.saliency
        alpha = normalise(blurring_effect(images, gradient))
        paste(area, resize(overlay(images[-1], alpha), self._size), TITLE + 1, 1)


class VariablesPanel:
    """The state variables, each with its value and its saliency.

    The second bar is `|∂Q/∂x_i| * std(x_i)`, std over the trajectory: the change of the value when the
    variable changes by its usual amount; the longest bar fills the row.

    Args:
        names: Of the variables.
        trajectory: Decides the scales.
    """

    def __init__(self, names: Sequence[str], trajectory: Trajectory) -> None:
        self._names = names[:MAX_VARIABLES]
        self._more = len(names) - len(self._names)
        largest = np.abs(trajectory.observations).max(axis=0)
        self._scale, self._std = np.where(largest > 0, largest, 1.0), trajectory.observations.std(axis=0)

    def prepare(self, area: Image) -> None:
        """Write titles and names."""
        write(area, "observation and", (0, LINE), colour=BLUE)
        left = text_width("observation and ")
        write(area, "saliency (gradient x std)", (left, LINE), colour=VERMILLION)
        for i, name in enumerate(self._names):
            write(area, name, (0, self._top(area, i) + LINE))
        if self._more:
            write(area, f"and {self._more} more", (0, area.shape[0] - 4), colour=MUTED)

    def draw(self, area: Image, step: RecordedStep) -> None:
        """Draw the bars."""
        gradient = np.zeros(len(self._std)) if step.saliency is None else step.saliency
        influence = np.abs(gradient) * self._std
        influence = influence / (influence.max() or 1.0)
        width = area.shape[1] - 1
        middle = width // 2
        for i in range(len(self._names)):
            top, value = self._top(area, i) + TITLE, float(step.observation[i])
            write(area, f"{value:+.3f}", (width, top - TITLE + LINE), right=True)
            end = middle + round(value / self._scale[i] * middle)
            area[top : top + 12, :width] = FAINT
            area[top : top + 12, min(middle, end) : max(middle, end)] = BLUE
            cv2.line(area, (middle, top - 1), (middle, top + 12), INK, 1)
            bar(area, top + 14, 8, (0, width), float(influence[i]), VERMILLION)

    def _top(self, area: Image, i: int) -> int:
        rows = max(len(self._names), 6)
        return TITLE + GAP + i * ((area.shape[0] - TITLE - 2 * GAP) // rows)
