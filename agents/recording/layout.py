"""The agent's view of a play: screen, input, saliency, values and their course, frame by frame."""

from collections.abc import Sequence

import numpy as np

from agents.recording.drawing import PAPER, Image, fit
from agents.recording.panels import TITLE, ImagesPanel, Panel, ScreenPanel, VariablesPanel
from agents.recording.steps import Course, Shot
from agents.recording.value_panels import CoursePanel, ReturnsPanel, ValuesPanel

MARGIN = 12  # pixels around and between the parts
SCREEN_ROOM = (420, 480)  # height and width the screen may take, without its title
LEAST_LEFT = 360  # width of the column with the screen, whatever the screen's shape
COURSE_HEIGHT = 130
IMAGES_WIDTH = 356  # four images of 84 pixels side by side
VALUES_WIDTH = 280


class AgentView:
    """Composes the frames of a play, all of one size with even sides.

    On the left the screen, below it the value over the whole play; in the middle what the agent sees and
    what its value hangs on; on the right the values, and below them, where the agent learned that, how the
    returns are distributed. Another part is another entry of `_parts`.

    Args:
        screen: `(H, W)` of the screen.
        observation: Shape of what the agent sees, `(S, h, w)` or `(D,)`.
        course: The play that will be drawn.
        actions: Their names.
        variables: Names of the state variables; unused where the agent sees images.
        several: Whether there is more than one episode, so that they need numbers.
    """

    def __init__(
        self,
        screen: tuple[int, int],
        observation: tuple[int, ...],
        course: Course,
        actions: Sequence[str],
        variables: Sequence[str] = (),
        *,
        several: bool = False,
    ) -> None:
        inner = fit(screen, SCREEN_ROOM)
        height, left = inner[0] + TITLE + 2, max(inner[1] + 2, LEAST_LEFT)
        whole = height + MARGIN + COURSE_HEIGHT
        middle = MARGIN + left + MARGIN
        end = middle + IMAGES_WIDTH + MARGIN
        sees: Panel
        if len(observation) == 3:
            sees = ImagesPanel((observation[0], observation[1], observation[2]))
        else:
            sees = VariablesPanel(variables, course)
        lower, tall = MARGIN + height + MARGIN, whole if course.reach is None else height
        self._parts: list[tuple[Panel, tuple[int, int, int, int]]] = [  # top, left, height, width
            (ScreenPanel(several), (MARGIN, MARGIN, height, left)),
            (CoursePanel(course), (lower, MARGIN, COURSE_HEIGHT, left)),
            (sees, (MARGIN, middle, whole, IMAGES_WIDTH)),
            (ValuesPanel(actions, course), (MARGIN, end, tall, VALUES_WIDTH)),
        ]
        if course.reach is not None:
            self._parts.append((ReturnsPanel(course.reach), (lower, end, COURSE_HEIGHT, VALUES_WIDTH)))
        sides = (whole + 2 * MARGIN, end + VALUES_WIDTH + MARGIN)
        self._blank = np.full((sides[0] + sides[0] % 2, sides[1] + sides[1] % 2, 3), PAPER, np.uint8)
        for panel, box in self._parts:
            panel.prepare(_area(self._blank, box))

    def frame(self, shot: Shot) -> Image:
        """Returns one frame, `[H', W', 3] uint8`."""
        canvas = self._blank.copy()
        for panel, box in self._parts:
            panel.draw(_area(canvas, box), shot)
        return canvas


def _area(canvas: Image, box: tuple[int, int, int, int]) -> Image:
    top, left, height, width = box
    return canvas[top : top + height, left : left + width]
