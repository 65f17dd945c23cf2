"""The frames of the agent's view, read back pixel by pixel."""

from typing import Any

import cv2
import numpy as np
import pytest

from agents.recording.drawing import (
    BLUE,
    BLUR,
    FAINT,
    MUTED,
    VERMILLION,
    effect_of_blurring,
    overlay,
)
from agents.recording.layout import AgentView
from agents.recording.panels import TITLE, ImagesPanel, ScreenPanel, VariablesPanel
from agents.recording.steps import Course, Shot, reach_of, returns_that_followed
from agents.recording.value_panels import FILL, CoursePanel, ReturnsPanel, ValuesPanel, density

Array = Any


def course(values: Array, observations: Array | None = None, cut: Array | None = None) -> Course:
    values = np.asarray(values, np.float32)
    last = np.arange(len(values)) == len(values) - 1
    seen = np.zeros((len(values), 0)) if observations is None else np.asarray(observations)
    return Course(values, values.max(axis=1) + 1, last if cut is None else np.asarray(cut), seen)


def shot(values: Array, observation: Array | None = None, **fields: Any) -> Shot:
    screen = np.full((40, 60, 3), 200, np.uint8)
    seen = np.zeros(2, np.float32) if observation is None else np.asarray(observation)
    return Shot(screen, seen, np.asarray(values, np.float32), 3.0, 7, 1)._replace(**fields)


def drawn(panel: Any, moment: Shot, size: tuple[int, int] = (300, 300)) -> Array:
    """What the panel adds to a blank area."""
    area = np.full((*size, 3), 255, np.uint8)
    panel.prepare(area)
    panel.draw(area, moment)
    return area


def count(area: Array, colour: tuple[int, int, int]) -> int:
    return int((area == colour).all(axis=-1).sum())


# The mathematics


def test_returns_start_anew_at_every_cut_and_from_what_comes_after() -> None:
    """γ .5, rewards 1; a true end after two steps: 1 + .5, 1; then cut off at a value of 8: 1 + .5 * 8."""
    found = returns_that_followed(np.ones(3), np.array([9, 0, 8.0]), np.array([False, True, True]), 0.5)
    assert found.tolist() == [1.5, 1.0, 5.0]


def test_effect_is_that_of_blurring_one_spot_after_the_other() -> None:
    """Exact for a linear network: `Q = Σ w p`, asked anew with each spot of an image blurred."""
    generator = np.random.default_rng(0)
    images = generator.integers(256, size=(2, 20, 24)).astype(np.uint8)
    weights = generator.normal(size=(2, 20, 24))
    sharp = images.astype(np.float64)
    blurred = np.stack([cv2.GaussianBlur(image, (0, 0), BLUR) for image in sharp])
    found = effect_of_blurring(images, weights)
    bell = cv2.getGaussianKernel(13, 1.5)
    for y, x in ((6, 6), (9, 17), (13, 11)):
        spot = np.zeros((20, 24))
        spot[y - 6 : y + 7, x - 6 : x + 7] = bell @ bell.T
        moved = (weights * (sharp + spot * (blurred - sharp))).sum() - (weights * sharp).sum()
        assert found[y, x] == pytest.approx(abs(moved), rel=1e-3)


def test_empty_background_has_no_effect_whatever_its_gradient() -> None:
    images = np.full((1, 40, 60), 255, np.uint8)
    images[0, 20, 10] = 0
    found = effect_of_blurring(images, np.ones((1, 40, 60)) * np.linspace(1, 2, 60))
    assert found[20, 10] > 0
    assert found[:, 40:].max() < 1e-3 * found[20, 10]


def test_tint_lies_only_where_its_share_says() -> None:
    """A gray of 100 under half of (213, 94, 0): (156.5, 97, 50), rounded to even."""
    image = overlay(np.array([[100, 100, 100]], np.uint8), np.array([[0.0, 0.5, 1.0]]))
    assert image.tolist() == [[[100, 100, 100], [156, 97, 50], [213, 94, 0]]]


# The panels


def test_only_the_greedy_action_is_blue() -> None:
    values = [[1.0, 3.0, 2.0]]
    area = drawn(ValuesPanel(["a", "b", "c"], course(values)), shot(values[0]))
    rows = np.flatnonzero((area == BLUE).all(axis=-1).any(axis=1))
    assert rows.min() >= TITLE + 52 and rows.max() < TITLE + 2 * 52


def test_a_bar_is_as_long_as_its_value_on_the_whole_plays_scale() -> None:
    """From 0 to 4 over the play; 1 and 3 are a quarter and three quarters of the track."""
    panel = ValuesPanel(["a", "b"], course([[0.0, 4.0], [1.0, 3.0]]))
    area = drawn(panel, shot([1.0, 3.0]))
    for row, share, colour in ((TITLE + 6, 0.25, MUTED), (TITLE + 52 + 6, 0.75, BLUE)):
        line = area[row, 10:]
        filled, rest = count(line, colour), count(line, FAINT)
        assert filled / (filled + rest) == pytest.approx(share, abs=0.01)


def test_the_thin_bar_is_the_lead_over_the_worst_action() -> None:
    """The largest lead of the play is 4; here it is 2 for the best and 0 for the worst."""
    area = drawn(ValuesPanel(["a", "b"], course([[0.0, 4.0], [1.0, 3.0]])), shot([1.0, 3.0]))
    best, worst = area[TITLE + 2 * 52 - 6, 10:], area[TITLE + 52 - 6, 10:]
    filled, rest = count(best, BLUE), count(best, FAINT)
    assert filled / (filled + rest) == pytest.approx(0.5, abs=0.01)
    assert count(worst, MUTED) == 0 and count(worst, FAINT) == filled + rest


def test_small_values_keep_enough_decimals_to_tell_them_apart() -> None:
    """A hundredth of the largest lead shows: of 0.001, five decimals; of 100, the usual two."""
    texts = [ValuesPanel(["a", "b"], course([[0.0, x]]))._number(0.9 * x) for x in (1e-3, 100.0)]
    assert texts == ["0.00090", "90.00"]


@pytest.mark.parametrize("actions", [2, 18])
def test_every_action_finds_room(actions: int) -> None:
    values = np.arange(actions, dtype=float)
    area = drawn(ValuesPanel(["NAME"] * actions, course([values])), shot(values), (470, 280))
    reward_thresholds = (area[:, 12:45] < 160).any(axis=-1).any(axis=1)  # dark letters of the names
    rows = np.flatnonzero(np.diff(reward_thresholds[TITLE:].astype(int)) == 1)
    assert len(rows) == actions


def test_images_stand_oldest_first_and_the_newest_again_with_the_saliency() -> None:
    stack = np.stack([np.full((84, 84), 10 * (i + 1), np.uint8) for i in range(4)])
    area = drawn(ImagesPanel((4, 84, 84)), shot([0, 0], stack), (500, 356))
    small = area[TITLE + 40]
    grays = [int(small[x, 0]) for x in (40, 130, 220, 310)]
    assert grays == [10, 20, 30, 40]
    assert count(area[TITLE + 150 :], (40, 40, 40)) > 300 * 300


def test_wide_images_stand_below_one_another() -> None:
    stack = np.stack([np.full((16, 60), 10 * (i + 1), np.uint8) for i in range(4)])
    area = drawn(ImagesPanel((4, 16, 60)), shot([0, 0], stack), (486, 356))
    column = [int(g) for g in dict.fromkeys(area[TITLE:, 150, 0].tolist()) if g in (10, 20, 30, 40)]
    assert column == [10, 20, 30, 40]


def test_saliency_colours_what_the_value_hangs_on_and_nothing_else() -> None:
    stack = np.full((1, 42, 42), 255, np.uint8)
    stack[0, 10:12, 10:12] = stack[0, 30:32, 30:32] = 0
    gradient = np.zeros((1, 42, 42))
    gradient[0, 5:20, 5:20] = 1.0
    panel = ImagesPanel((1, 42, 42))
    plain, with_map = (drawn(panel, shot([0, 0], stack, saliency=g), (500, 356)) for g in (None, gradient))
    changed = (plain != with_map).any(axis=-1)
    ys, xs = np.nonzero(changed)
    assert changed.sum() > 500 and count(with_map, VERMILLION) > 0
    middle = ys.min() + (ys.max() - ys.min()) / 2
    assert np.ptp(ys) < 200 and np.ptp(xs) < 200 and abs(middle - (2 * TITLE + 180)) < 150


def test_variables_show_their_value_and_what_the_value_hangs_on() -> None:
    """Stds 1 and 2, slopes 4 and 1: influence 4 and 2, so a full bar and a half one; values full and half."""
    seen = [[-1.0, -2.0], [1.0, 2.0]]
    panel = VariablesPanel(["a", "b"], course([[0, 0]] * 2, seen))
    moment = shot([0, 0], np.array([1.0, -1.0], np.float32), saliency=np.array([4.0, -1.0]))
    area = drawn(panel, moment, (400, 301))
    top = [panel._top(area, i) + TITLE for i in range(2)]
    assert [count(area[y + 17], VERMILLION) for y in top] == [300, 150]
    blue = [np.flatnonzero((area[y + 5] == BLUE).all(axis=-1)) for y in top]
    assert (blue[0].min(), blue[0].max()) == (151, 299)
    assert (blue[1].min(), blue[1].max()) == (75, 149)


def test_many_variables_are_cut_off_and_counted() -> None:
    panel = VariablesPanel([f"variable {i}" for i in range(20)], course([[0, 0]], np.ones((1, 20))))
    area = drawn(panel, shot([0, 0], np.ones(20)), (480, 356))
    bars = (area[:, 2] == BLUE).all(axis=-1) | (area[:, 2] == FAINT).all(axis=-1)
    assert np.count_nonzero(np.diff(bars.astype(int)) == 1) == 2 * 9  # two bars each


def test_the_course_marks_the_moment_and_breaks_at_an_episodes_end() -> None:
    panel = CoursePanel(course(np.zeros((11, 2)), cut=np.arange(11) % 5 == 4))
    area = np.full((130, 400, 3), 255, np.uint8)
    panel.prepare(area)
    curve = (area[TITLE:] != 248).any(axis=(0, 2))
    assert not curve[(panel._x[4] + panel._x[5]) // 2]
    assert curve[(panel._x[2] + panel._x[3]) // 2]
    before = area.copy()
    panel.draw(area, shot([0, 0], at=7))
    changed = np.flatnonzero((before != area)[TITLE + 8 : -10].any(axis=(0, 2)))
    assert abs(changed.mean() - panel._x[7]) < 3


def test_quantiles_reach_as_far_as_they_lie_and_unlikely_atoms_do_not_count() -> None:
    quantiles = np.array([[3.0, 1.0], [2.0, 7.0]])
    assert reach_of(quantiles, np.full((2, 2), 0.5)) == (1, 7)
    atoms = np.broadcast_to([0.0, 10.0, 20.0], (2, 3))
    assert reach_of(atoms, np.array([[0.05, 0.95, 0.0], [0.0, 0.94, 0.06]])) == (10, 10)


def test_the_density_of_a_distribution_has_its_mass_and_mean() -> None:
    """A quarter at 1 and three quarters at 5: mean 4."""
    places = np.linspace(-5, 11, 1601)
    curve = density(np.array([[1.0, 5.0]]), np.array([[0.25, 0.75]]), places, 0.5)[0]
    assert (curve * places).sum() / curve.sum() == pytest.approx(4.0)
    assert curve[places < 3].sum() / curve.sum() == pytest.approx(0.25, abs=1e-4)


def test_expected_returns_stand_where_they_lie_the_greedy_actions_filled() -> None:
    """Returns from 0 to 40: the greedy action expects 10, the other 30, half as probable."""
    moment = shot([1, 0], returns=np.array([[10.0] * 2, [30.0, 90.0]]), probability=np.full((2, 2), 0.5))
    area = drawn(ReturnsPanel((0.0, 40.0)), moment, (130, 281))
    places = np.linspace(-3, 43, 281)  # three deviations of the kernel beyond both ends
    filled = (area == FILL).all(axis=-1).sum(axis=0)
    assert (filled * places).sum() / filled.sum() == pytest.approx(10, abs=0.2)
    tops = [(area[TITLE + 1 :, abs(places - at).argmin()] != 248).any(axis=-1).argmax() for at in (10, 30)]
    bottom = 130 - TITLE - 18
    assert tops[0] < 10 and abs(tops[1] - bottom / 2) < 8


def test_the_screen_is_enlarged_pixel_by_pixel() -> None:
    screen = np.zeros((2, 3, 3), np.uint8)
    screen[0, 0] = (255, 0, 0)
    area = drawn(ScreenPanel(False), shot([0, 0], screen=screen), (TITLE + 22, 32))
    assert count(area, (255, 0, 0)) == 100


def test_a_large_screen_shrinks_without_losing_lines() -> None:
    """A line of one pixel in three of white: a third of every pixel of the small screen."""
    screen = np.full((300, 300, 3), 255, np.uint8)
    screen[::3] = 0
    area = drawn(ScreenPanel(False), shot([0, 0], screen=screen), (TITLE + 102, 102))
    inside = area[TITLE + 1 : -1, 1:-1]
    assert (abs(inside.astype(int) - 170) <= 1).all()


# The whole frame


@pytest.mark.parametrize("screen", [(400, 600), (210, 160), (500, 500), (139, 121)])
@pytest.mark.parametrize("observation", [(4, 84, 84), (4, 16, 60), (1, 42, 42), (4,), (128,)])
@pytest.mark.parametrize(("actions", "distributional"), [(2, False), (2, True), (18, True)])
def test_frames_have_one_size_with_even_sides(
    screen: tuple[int, int], observation: tuple[int, ...], actions: int, distributional: bool
) -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(size=(5, actions)) * 100
    wide = observation[0] if len(observation) == 1 else 0
    play = course(values, generator.normal(size=(5, wide)))
    names = [f"variable {i}" for i in range(wide)]
    play = play._replace(reach=(0.0, 1.0) if distributional else None)
    more = (
        {"returns": np.ones((actions, 3)), "probability": np.ones((actions, 3))} if distributional else {}
    )
    view = AgentView(screen, observation, play, ["DOWNRIGHTFIRE"] * actions, names, several=True)
    sizes = set()
    for at in range(5):
        seen = generator.integers(0, 255, observation).astype(np.uint8 if wide == 0 else np.float32)
        image = np.zeros((*screen, 3), np.uint8)
        moment = shot(
            values[at], seen, screen=image, at=at, saliency=generator.normal(size=observation), **more
        )
        sizes.add(view.frame(moment).shape)
    ((height, width, _),) = sizes
    assert height % 2 == width % 2 == 0
    assert height <= 640 and width <= 1_200


def test_a_frame_leaves_no_trace_in_the_next() -> None:
    view = AgentView(
        (40, 60), (2,), course([[0.0, 1.0], [1.0, 0.0]], np.ones((2, 2))), ["a", "b"], ["x", "y"]
    )
    first, other = shot([0.0, 1.0]), shot([1.0, 0.0], at=1, total=99.0, saliency=np.ones(2))
    alone = view.frame(first)
    view.frame(other)
    assert np.array_equal(view.frame(first), alone)
    assert not np.array_equal(view.frame(other), alone)
