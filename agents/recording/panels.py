"""Panels of the inputs: screen, observation, saliency.

A panel is a function that draws its static content into its area of the canvas, once, and returns another
that draws one time step over it.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from agents.recording.drawing import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    VERMILLION,
    Colour,
    Image,
    bar,
    fit,
    paste,
    text_width,
    write,
)
from agents.recording.saliency import blurring_effect, normalise, overlay
from agents.recording.steps import RecordedStep, Trajectory

TITLE = 22  # pixels above a panel's content
LINE = 15  # from the top of a line of text to its base
GAP = 6  # between images

Draw = Callable[[Image, RecordedStep], None]
Panel = Callable[[Image], Draw]


def write_titles(area: Image, *titles: tuple[str, Colour]) -> None:
    """Write titles of a panel side by side."""
    left = 0
    for text, colour in titles:
        write(area, text, (left, LINE), colour=colour)
        left += text_width(f"{text} ")


def screen_panel(_area: Image, *, numbered: bool) -> Draw:
    """Show the screen, numbers of frame and episode, and the return."""

    def draw(area: Image, step: RecordedStep) -> None:
        text = f"frame {step.frame}   return so far {step.return_so_far:g}"
        if numbered:
            text = f"episode {step.episode}   {text}"
        write(area, text, (0, LINE), size=0.5, bold=True)
        size = fit(step.screen.shape, (area.shape[0] - TITLE - 2, area.shape[1] - 2))
        paste(area, step.screen, size, TITLE + 1, (area.shape[1] - size[1]) // 2)

    return draw


def stack_panel(area: Image, *, columns: int, title: str) -> Draw:
    """Show the stacked images of an observation, oldest first, in columns."""
    write_titles(area, (title, INK))

    def draw(area: Image, step: RecordedStep) -> None:
        rows = -(-len(step.observation) // columns)
        height, width = area.shape[0] - TITLE - GAP, area.shape[1] - 2 + GAP
        size = fit(step.observation.shape[1:], (height // rows - GAP, width // columns - GAP))
        for i, image in enumerate(step.observation.astype(np.uint8)):
            row, column = divmod(i, columns)
            paste(area, image, size, TITLE + 1 + row * (size[0] + GAP), 1 + column * (size[1] + GAP))

    return draw


def saliency_panel(area: Image) -> Draw:
    """Show the newest image, overlaid with the greedy value's saliency."""
    write_titles(area, ("saliency of the greedy value", VERMILLION))

    def draw(area: Image, step: RecordedStep) -> None:
        images = step.observation.astype(np.uint8)
        gradient = np.zeros(images.shape) if step.saliency is None else step.saliency
        image = overlay(images[-1], normalise(blurring_effect(images, gradient)))
        size = fit(image.shape, (area.shape[0] - TITLE - GAP, area.shape[1] - 2))
        paste(area, image, size, TITLE + 1, 1)

    return draw


def variables_panel(area: Image, *, names: Sequence[str], trajectory: Trajectory) -> Draw:
    """Show the state variables, each with its value and its saliency; of many those that vary most.

    The second bar is `|∂Q/∂x_i| * std(x_i)`, std over the trajectory: the change of the value when the
    variable changes by its usual amount; the longest bar fills the row.
    """
    std, scale = trajectory.observations.std(axis=0), np.abs(trajectory.observations).max(axis=0)
    varying = np.argsort(-std, kind="stable")[:9]  # as many as there is room for
    shown = sorted(varying.tolist())
    pitch = (area.shape[0] - TITLE - 2 * GAP) // max(len(shown), 6)
    tops = [TITLE + GAP + i * pitch for i in range(len(shown))]
    width = area.shape[1] - 1
    middle = width // 2
    write_titles(area, ("observation and", BLUE), ("saliency (gradient x std)", VERMILLION))
    for top, index in zip(tops, shown, strict=True):
        write(area, names[index], (0, top + LINE))
    if len(names) > len(shown):
        write(area, f"and {len(names) - len(shown)} more", (0, area.shape[0] - 4), colour=MUTED)

    def draw(area: Image, step: RecordedStep) -> None:
        influence = np.zeros(len(std)) if step.saliency is None else np.abs(step.saliency) * std
        influence = influence / (influence.max() or 1.0)
        for i, top in zip(shown, tops, strict=True):
            value = float(step.observation[i])
            write(area, f"{value:+.3f}", (width, top + LINE), right=True)
            end = middle + round(value / (scale[i] or 1.0) * middle)
            top += TITLE
            area[top : top + 12, :width] = FAINT
            area[top : top + 12, min(middle, end) : max(middle, end)] = BLUE
            cv2.line(area, (middle, top - 1), (middle, top + 12), INK, 1)
            bar(area, top + 14, 8, (0, width), float(influence[i]), VERMILLION)

    return draw
