"""Frame layouts: the screen, and the agent's view of it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from agents.recording.drawing import PAPER, Image, fit, text_width
from agents.recording.panels import (
    GAP,
    TITLE,
    Panel,
    SaliencyPanel,
    ScreenPanel,
    StackPanel,
    VariablesPanel,
)
from agents.recording.steps import RecordedStep, Trajectory
from agents.recording.value_panels import ReturnsPanel, TrajectoryPanel, ValuesPanel

MARGIN = 12  # pixels around and between the panels
SCREEN_BOUNDS = (420, 480)  # greatest height and width of the screen in the agent's view
MIN_LEFT = 360  # width of the column with the screen, whatever the screen's shape
TRAJECTORY_HEIGHT = 130
IMAGES_WIDTH = 356  # four images of 84 pixels side by side
VALUES_WIDTH = 280
STACK_TITLE = "observation"


class Box(NamedTuple):
    """A rectangle of a frame, in pixels."""

    top: int
    left: int
    height: int
    width: int


class View:
    """Panels at fixed boxes of a frame with even sides."""

    def __init__(self, panels: Sequence[tuple[Panel, Box]]) -> None:
        self._panels = panels
        height = max(box.top + box.height for _, box in panels) + MARGIN
        width = max(box.left + box.width for _, box in panels) + MARGIN
        self._blank: Image = np.full((height + height % 2, width + width % 2, 3), PAPER, np.uint8)
        for panel, box in panels:
            panel.prepare(_area(self._blank, box))

    def frame(self, step: RecordedStep) -> Image:
        """Return one frame, `[H', W', 3] uint8`."""
        canvas = self._blank.copy()
        for panel, box in self._panels:
            panel.draw(_area(canvas, box), step)
        return canvas


def _area(canvas: Image, box: Box) -> Image:
    return canvas[box.top : box.top + box.height, box.left : box.left + box.width]


def screen_view(screen: tuple[int, int], observation: tuple[int, ...], *, numbered: bool = False) -> View:
    """Lay out the screen, with observed images to its right.

    Args:
        screen: `(H, W)` of the screen; narrow ones are enlarged by an integer factor.
        observation: Shape of an observation, `(S, h, w)` or `(D,)`.
        numbered: Whether to number the episodes.
    """
    scale = max(MIN_LEFT // screen[1], 1)
    height, left = scale * screen[0] + TITLE + 2, max(scale * screen[1] + 2, MIN_LEFT)
    panels: list[tuple[Panel, Box]] = [(ScreenPanel(numbered), Box(MARGIN, MARGIN, height, left))]
    if len(observation) == 3:
        count, *image = observation
        bounds = ((height - TITLE - GAP) // count - GAP, IMAGES_WIDTH - 2)
        width = max(fit((image[0], image[1]), bounds)[1], text_width(STACK_TITLE)) + 2
        box = Box(MARGIN, MARGIN + left + MARGIN, height, width)
        panels.append((StackPanel((count, image[0], image[1]), 1, STACK_TITLE), box))
    return View(panels)


def agent_view(
    screen: tuple[int, int],
    observation: tuple[int, ...],
    trajectory: Trajectory,
    actions: Sequence[str],
    variables: Sequence[str] = (),
    *,
    numbered: bool = False,
) -> View:
    """Lay out screen, observation, saliency, values and returns.

    On the left the screen, below it the value over the whole trajectory; in the middle the observation and
    its saliency; on the right the values, and below them the return distribution of an agent that learned
    one. A further panel is a further entry of `panels`.

    Args:
        screen: `(H, W)` of the screen.
        observation: Shape of an observation, `(S, h, w)` or `(D,)`.
        trajectory: The recording; decides all scales.
        actions: Their names.
        variables: Names of the state variables; unused with image observations.
        numbered: Whether to number the episodes.
    """
    inner = fit(screen, SCREEN_BOUNDS)
    height, left = inner[0] + TITLE + 2, max(inner[1] + 2, MIN_LEFT)
    whole = height + MARGIN + TRAJECTORY_HEIGHT
    lower, middle = MARGIN + height + MARGIN, MARGIN + left + MARGIN
    right = middle + IMAGES_WIDTH + MARGIN
    values_height = whole if trajectory.return_range is None else height
    panels: list[tuple[Panel, Box]] = [
        (ScreenPanel(numbered), Box(MARGIN, MARGIN, height, left)),
        (TrajectoryPanel(trajectory), Box(lower, MARGIN, TRAJECTORY_HEIGHT, left)),
        (ValuesPanel(actions, trajectory), Box(MARGIN, right, values_height, VALUES_WIDTH)),
    ]
    box = Box(MARGIN, middle, whole, IMAGES_WIDTH)
    if len(observation) == 3:
        panels += _image_panels((observation[0], observation[1], observation[2]), box)
    else:
        panels.append((VariablesPanel(variables, trajectory), box))
    if trajectory.return_range is not None:
        box = Box(lower, right, TRAJECTORY_HEIGHT, VALUES_WIDTH)
        panels.append((ReturnsPanel(trajectory.return_range), box))
    return View(panels)


def _image_panels(shape: tuple[int, int, int], box: Box) -> list[tuple[Panel, Box]]:
    """Return stack above saliency; wide images are stacked vertically."""
    count, image = shape[0], shape[1:]
    height, width = box.height - 2 * TITLE - 2 * GAP, box.width - 2
    if image[1] >= 2 * image[0]:
        columns, rows = 1, count
        large = fit(image, (height * 2 // 3, width))[0]
        small = fit(image, ((height - large) // rows - GAP, width))[0]
    else:
        columns, rows = count, 1
        small = fit(image, (height // 3, (width + GAP) // columns - GAP))[0]
    upper = TITLE + rows * (small + GAP) + GAP
    title = f"{STACK_TITLE}: " + (f"{count} images, newest last" if count > 1 else "one image")
    return [
        (StackPanel(shape, columns, title), box._replace(height=upper)),
        (SaliencyPanel(image), box._replace(top=box.top + upper, height=box.height - upper)),
    ]
