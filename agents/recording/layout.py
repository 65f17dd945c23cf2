"""Frame layouts: the screen, and the agent's view of it."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from agents.recording.drawing import PAPER, Image, fit, text_width
from agents.recording.panels import (
    GAP,
    TITLE,
    Panel,
    saliency_panel,
    screen_panel,
    stack_panel,
    variables_panel,
)
from agents.recording.steps import RecordedStep, Trajectory
from agents.recording.value_panels import returns_panel, trajectory_panel, values_panel

MARGIN = 12  # pixels around and between the panels
MIN_LEFT = 360  # width of the column with the screen, whatever the screen's shape
TRAJECTORY_HEIGHT = 130
IMAGES_WIDTH = 356  # four images of 84 pixels side by side
STACK_TITLE = "observation"


class Box(NamedTuple):
    """A rectangle of a frame, in pixels."""

    top: int
    left: int
    height: int
    width: int

    def of(self, canvas: Image) -> Image:
        """Return a view of the rectangle."""
        return canvas[self.top : self.top + self.height, self.left : self.left + self.width]


Panels = list[tuple[Panel, Box]]


class View:
    """Panels at fixed boxes of a frame with even sides."""

    def __init__(self, panels: Panels) -> None:
        height = max(box.top + box.height for _, box in panels) + MARGIN
        width = max(box.left + box.width for _, box in panels) + MARGIN
        self._blank: Image = np.full((height + height % 2, width + width % 2, 3), PAPER, np.uint8)
        self._draws = [(panel(box.of(self._blank)), box) for panel, box in panels]

    def frame(self, step: RecordedStep) -> Image:
        """Return one frame, `[H', W', 3] uint8`."""
        canvas = self._blank.copy()
        for draw, box in self._draws:
            draw(box.of(canvas), step)
        return canvas


def screen_view(screen: tuple[int, int], observation: tuple[int, ...], *, numbered: bool = False) -> View:
    """Lay out the screen, with observed images to its right.

    Narrow screens `(H, W)` are enlarged by an integer factor; observations are `(S, h, w)` or `(D,)`.
    """
    scale = max(MIN_LEFT // screen[1], 1)
    height, left = scale * screen[0] + TITLE + 2, max(scale * screen[1] + 2, MIN_LEFT)
    panels: Panels = [(partial(screen_panel, numbered=numbered), Box(MARGIN, MARGIN, height, left))]
    if len(observation) == 3:
        bounds = ((height - TITLE - GAP) // observation[0] - GAP, IMAGES_WIDTH - 2)
        width = max(fit(observation[1:], bounds)[1], text_width(STACK_TITLE)) + 2
        stack = partial(stack_panel, columns=1, title=STACK_TITLE)
        panels.append((stack, Box(MARGIN, MARGIN + left + MARGIN, height, width)))
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
    one. A further panel is a further entry of `panels`. The trajectory decides all scales; names of state
    variables are unused with image observations.
    """
    inner = fit(screen, (420, 480))  # its greatest height and width
    height, left = inner[0] + TITLE + 2, max(inner[1] + 2, MIN_LEFT)
    whole, lower = height + MARGIN + TRAJECTORY_HEIGHT, MARGIN + height + MARGIN
    images = Box(MARGIN, MARGIN + left + MARGIN, whole, IMAGES_WIDTH)
    values = Box(MARGIN, images.left + IMAGES_WIDTH + MARGIN, whole, 280)
    panels: Panels = [
        (partial(screen_panel, numbered=numbered), Box(MARGIN, MARGIN, height, left)),
        (partial(trajectory_panel, trajectory=trajectory), Box(lower, MARGIN, TRAJECTORY_HEIGHT, left)),
    ]
    if trajectory.return_range is not None:
        returns = values._replace(top=lower, height=TRAJECTORY_HEIGHT)
        panels.append((partial(returns_panel, return_range=trajectory.return_range), returns))
        values = values._replace(height=height)
    panels.append((partial(values_panel, names=actions, trajectory=trajectory), values))
    if len(observation) == 3:
        panels += _image_panels(observation[0], observation[1:], images)
    else:
        panels.append((partial(variables_panel, names=variables, trajectory=trajectory), images))
    return View(panels)


def _image_panels(count: int, image: tuple[int, ...], box: Box) -> Panels:
    """Return stack and saliency; wide images are stacked vertically."""
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
        (partial(stack_panel, columns=columns, title=title), box._replace(height=upper)),
        (saliency_panel, box._replace(top=box.top + upper, height=box.height - upper)),
    ]
