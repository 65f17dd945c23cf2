"""The frames of both views, read back pixel by pixel."""

from functools import partial

import numpy as np
import pytest

from agents.recording.layout import MARGIN, MIN_LEFT, Box, View, agent_view, screen_view
from agents.recording.panels import TITLE, screen_panel
from tests.agents.recording.frames import GRAYS, centres, count, stack, step, trajectory


@pytest.mark.parametrize(("size", "vertical"), [((84, 84), False), ((16, 60), True)])
def test_the_agents_view_stacks_wide_images_vertically(size: tuple[int, int], vertical: bool) -> None:
    view = agent_view((400, 600), (4, *size), trajectory([[0.0, 1.0]]), ["a", "b"])
    area = view.frame(step([0.0, 1.0], stack(*size), screen=np.zeros((400, 600, 3), np.uint8)))
    ys, xs = zip(*centres(area)[:3], strict=True)  # the newest image is there twice
    along, across = (ys, xs) if vertical else (xs, ys)
    assert list(along) == sorted(set(along)) and len(set(across)) == 1


def test_the_newest_image_returns_enlarged_below_the_stack() -> None:
    """Without saliency it is as it is, and larger than all four of the stack."""
    view = agent_view((400, 600), (4, 84, 84), trajectory([[0.0, 1.0]]), ["a", "b"])
    area = view.frame(step([0.0, 1.0], stack(84, 84), screen=np.zeros((400, 600, 3), np.uint8)))
    grays = [count(area, (gray, gray, gray)) for gray in GRAYS]
    assert grays[:3] == pytest.approx([84 * 84] * 3, rel=0.02) and grays[3] > 5 * 84 * 84


@pytest.mark.parametrize("screen", [(400, 600), (210, 160), (500, 500), (139, 121)])
@pytest.mark.parametrize("observation", [(4, 84, 84), (4, 16, 60), (1, 42, 42), (4,), (128,)])
@pytest.mark.parametrize(("actions", "distributional"), [(2, False), (2, True), (18, True)])
def test_frames_have_one_size_with_even_sides(
    screen: tuple[int, int], observation: tuple[int, ...], actions: int, distributional: bool
) -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(size=(5, actions)) * 100
    wide = observation[0] if len(observation) == 1 else 0
    whole = trajectory(values, generator.normal(size=(5, wide)))
    names = [f"variable {i}" for i in range(wide)]
    whole = whole._replace(return_range=(0.0, 1.0) if distributional else None)
    more = (
        {"returns": np.ones((actions, 3)), "probabilities": np.ones((actions, 3))} if distributional else {}
    )
    view = agent_view(screen, observation, whole, ["DOWNRIGHTFIRE"] * actions, names, numbered=True)
    sizes = set()
    for t in range(5):
        state = generator.integers(0, 255, observation).astype(np.uint8 if wide == 0 else np.float32)
        image = np.zeros((*screen, 3), np.uint8)
        current = step(
            values[t], state, screen=image, t=t, saliency=generator.normal(size=observation), **more
        )
        sizes.add(view.frame(current).shape)
    ((height, width, _),) = sizes
    assert height % 2 == width % 2 == 0
    assert height <= 640 and width <= 1_200


@pytest.mark.parametrize("screen", [(400, 600), (210, 160), (139, 121)])
@pytest.mark.parametrize("observation", [(4, 84, 84), (4, 16, 60), (1, 42, 42), (4,)])
def test_the_screen_view_has_the_screen_by_an_integer_factor_beside_the_stack(
    screen: tuple[int, int], observation: tuple[int, ...]
) -> None:
    image = np.random.default_rng(0).integers(0, 255, (*screen, 3)).astype(np.uint8)
    images = np.full(observation, 7, np.uint8)
    view = screen_view(screen, observation)
    frame = view.frame(step([0.0], images, screen=image))
    assert frame.shape[0] % 2 == frame.shape[1] % 2 == 0
    scale = max(MIN_LEFT // screen[1], 1)
    enlarged = image.repeat(scale, axis=0).repeat(scale, axis=1)
    top, left = MARGIN + TITLE + 1, MARGIN + (max(scale * screen[1] + 2, MIN_LEFT) - scale * screen[1]) // 2
    inside = frame[top : top + enlarged.shape[0], left : left + enlarged.shape[1]]
    assert np.array_equal(inside, enlarged)
    right = frame[:, left + enlarged.shape[1] + 1 :]
    assert (count(right, (7, 7, 7)) > 0) == (len(observation) == 3)


def test_views_of_other_panels_are_as_large_as_their_boxes() -> None:
    plain, numbered = (partial(screen_panel, numbered=numbered) for numbered in (False, True))
    view = View([(plain, Box(0, 0, 70, 81)), (numbered, Box(75, 10, 60, 60))])
    height, width = 75 + 60 + MARGIN, 81 + MARGIN
    assert view.frame(step([0.0])).shape == (height + height % 2, width + width % 2, 3)


def test_a_frame_leaves_nothing_in_the_next() -> None:
    view = agent_view(
        (40, 60), (2,), trajectory([[0.0, 1.0], [1.0, 0.0]], np.ones((2, 2))), ["a", "b"], ["x", "y"]
    )
    first, other = step([0.0, 1.0]), step([1.0, 0.0], t=1, return_so_far=99.0, saliency=np.ones(2))
    alone = view.frame(first)
    view.frame(other)
    assert np.array_equal(view.frame(first), alone)
    assert not np.array_equal(view.frame(other), alone)
