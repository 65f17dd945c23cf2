"""The panels of a frame, read back pixel by pixel."""

from functools import partial

import cv2
import numpy as np
import pytest

from agents.recording.drawing import BLUE, FAINT, MUTED, VERMILLION
from agents.recording.panels import TITLE, saliency_panel, screen_panel, stack_panel, variables_panel
from agents.recording.saliency import BLUR, blurring_effect, overlay
from agents.recording.steps import discounted_returns, probable_range
from agents.recording.value_panels import (
    FILL,
    Scale,
    density,
    returns_panel,
    trajectory_panel,
    values_panel,
)
from tests.agents.recording.frames import (
    centres,
    count,
    drawn,
    filled_shares,
    is_colour,
    longest_bars,
    stack,
    step,
    trajectory,
)

# The mathematics


def test_returns_restart_at_every_end_from_the_bootstrap_value() -> None:
    """γ .5, rewards 1; a true end after two steps: 1 + .5, 1; then an end with a value of 8: 1 + .5 * 8."""
    returns = discounted_returns(np.ones(3), np.array([9, 0, 8.0]), np.array([False, True, True]), 0.5)
    assert returns.tolist() == [1.5, 1.0, 5.0]


def test_the_effect_is_that_of_blurring_one_spot_after_the_other() -> None:
    """Exact for a linear network: `Q = Σ w p`, evaluated with each spot of an image blurred."""
    generator = np.random.default_rng(0)
    images = generator.integers(256, size=(2, 20, 24)).astype(np.uint8)
    weights = generator.normal(size=(2, 20, 24))
    sharp = images.astype(np.float64)
    blurred = np.stack([cv2.GaussianBlur(image, (0, 0), BLUR) for image in sharp])
    effect = blurring_effect(images, weights)
    kernel = cv2.getGaussianKernel(13, 1.5)
    for y, x in ((6, 6), (9, 17), (13, 11)):
        spot = np.zeros((20, 24))
        spot[y - 6 : y + 7, x - 6 : x + 7] = kernel @ kernel.T
        moved = (weights * (sharp + spot * (blurred - sharp))).sum() - (weights * sharp).sum()
        assert effect[y, x] == pytest.approx(abs(moved), rel=1e-3)


def test_empty_background_has_no_effect_whatever_its_gradient() -> None:
    images = np.full((1, 40, 60), 255, np.uint8)
    images[0, 20, 10] = 0
    effect = blurring_effect(images, np.ones((1, 40, 60)) * np.linspace(1, 2, 60))
    assert effect[20, 10] > 0
    assert effect[:, 40:].max() < 1e-3 * effect[20, 10]


def test_an_overlay_blends_by_its_opacity() -> None:
    """A gray of 100 under half of (213, 94, 0): (156.5, 97, 50), rounded to even."""
    image = overlay(np.array([[100, 100, 100]], np.uint8), np.array([[0.0, 0.5, 1.0]]))
    assert image.tolist() == [[[100, 100, 100], [156, 97, 50], [213, 94, 0]]]


# The panels


def test_only_the_greedy_action_is_blue() -> None:
    """The middle of three actions: a third of the rows of bars, from a third to two thirds."""
    values = [[1.0, 3.0, 2.0]]
    area = drawn(
        partial(values_panel, names=["a", "b", "c"], trajectory=trajectory(values)), step(values[0])
    )
    bars = np.flatnonzero((is_colour(area, FAINT) | is_colour(area, MUTED)).sum(axis=1) > 100)
    share = (np.flatnonzero(is_colour(area, BLUE).any(axis=1)) - bars[0]) / (bars[-1] - bars[0])
    assert share.min() > 0.3 and share.max() < 0.7


def test_a_bar_is_as_long_as_its_value_on_the_scale_of_the_trajectory() -> None:
    """From 0 to 4 over the trajectory, so 1 and 3 are a quarter and three quarters of the track.

    The thin bars below are the advantages of 0 and 2 over the worst action, of at most 4.
    """
    panel = partial(values_panel, names=["a", "b"], trajectory=trajectory([[0.0, 4.0], [1.0, 3.0]]))
    shares = filled_shares(drawn(panel, step([1.0, 3.0])), (MUTED, BLUE))
    assert shares == pytest.approx([0.25, 0.0, 0.75, 0.5], abs=0.01)


def test_small_values_keep_enough_decimals_to_tell_them_apart() -> None:
    """A hundredth of the largest lead shows: of 0.001, five decimals; of 100, the usual two."""
    texts = [Scale(0.0, 1.0, spread).text(0.9 * spread) for spread in (1e-3, 100.0, 0.0)]
    assert texts == ["0.00090", "90.00", "0.00"]


@pytest.mark.parametrize("actions", [2, 18])
def test_every_action_has_its_bars(actions: int) -> None:
    """Two bars each, from 0 to the highest value, all within the panel."""
    values = np.arange(actions, dtype=float)
    area = drawn(
        partial(values_panel, names=["NAME"] * actions, trajectory=trajectory([values])),
        step(values),
        (470, 280),
    )
    shares = filled_shares(area, (MUTED, BLUE))
    assert shares == pytest.approx(np.repeat(values / values[-1], 2).tolist(), abs=0.01)


def test_images_are_side_by_side_oldest_first() -> None:
    area = drawn(partial(stack_panel, columns=4, title=""), step([0, 0], stack(84, 84)), (120, 356))
    ys, xs = zip(*centres(area), strict=True)
    assert len(set(ys)) == 1
    assert np.diff(xs) == pytest.approx([90] * 3)


def test_one_column_has_the_oldest_image_on_top() -> None:
    area = drawn(partial(stack_panel, columns=1, title=""), step([0, 0], stack(16, 60)), (400, 356))
    ys, xs = zip(*centres(area), strict=True)
    assert len(set(xs)) == 1
    assert list(ys) == sorted(ys) and np.ptp(np.diff(ys)) == 0


def test_saliency_colours_the_influential_pixels_and_nothing_else() -> None:
    """Of two black spots on white only the upper left one has a gradient."""
    image = np.full((1, 42, 42), 255, np.uint8)
    image[0, 10:12, 10:12] = image[0, 30:32, 30:32] = 0
    gradient = np.zeros((1, 42, 42))
    gradient[0, 5:20, 5:20] = 1.0
    plain, overlaid = (
        drawn(saliency_panel, step([0, 0], image, saliency=g), (366, 342)) for g in (None, gradient)
    )
    spots = np.argwhere(is_colour(plain, (0, 0, 0)))
    is_upper = spots[:, 0] < spots[:, 0].mean()
    upper, lower = spots[is_upper], spots[~is_upper]
    changed = np.argwhere((plain != overlaid).any(axis=-1))
    assert count(overlaid, VERMILLION) > 0
    assert (changed.min(axis=0) <= upper.min(axis=0)).all()
    assert (changed.max(axis=0) < lower.min(axis=0)).all()


def test_variables_show_their_values_and_their_saliency() -> None:
    """Stds 1 and 2, slopes 4 and 1: influence 4 and 2, so a full bar and a half one; values full and half."""
    states = [[-1.0, -2.0], [1.0, 2.0]]
    panel = partial(variables_panel, names=["a", "b"], trajectory=trajectory([[0, 0]] * 2, states))
    current = step([0, 0], np.array([1.0, -1.0], np.float32), saliency=np.array([4.0, -1.0]))
    area = drawn(panel, current, (400, 301))[2 * TITLE :]  # without the title and the first name
    saliency, values = (longest_bars(area, colour) for colour in (VERMILLION, BLUE))
    width = saliency[0][1] - saliency[0][0]
    assert [(right - left) / width for left, right in saliency] == pytest.approx([1, 0.5], abs=0.01)
    assert [(right - left) / width for left, right in values] == pytest.approx([0.5, 0.25], abs=0.01)
    assert values[0][0] == pytest.approx(values[1][1], abs=3)  # positive to the right, negative to the left


def test_many_variables_are_truncated() -> None:
    panel = partial(
        variables_panel,
        names=[f"variable {i}" for i in range(20)],
        trajectory=trajectory([[0, 0]], np.ones((1, 20))),
    )
    area = drawn(panel, step([0, 0], np.ones(20)), (480, 356))
    bars = (area[:, 2] == BLUE).all(axis=-1) | (area[:, 2] == FAINT).all(axis=-1)
    assert np.count_nonzero(np.diff(bars.astype(int)) == 1) == 2 * 9  # two bars each


def test_the_trajectory_marks_the_time_step_and_breaks_at_episode_ends() -> None:
    area = np.full((130, 400, 3), 255, np.uint8)
    ends = np.isin(np.arange(11), (4, 10))
    draw = trajectory_panel(area, trajectory=trajectory(np.zeros((11, 2)), ends=ends))
    red, _, blue = np.moveaxis(area[TITLE:].astype(int), -1, 0)
    columns = np.flatnonzero((blue > red + 60).any(axis=0))
    x = np.linspace(columns[0], columns[-1], 11)  # of the time steps
    assert not ((columns > x[4] + 3) & (columns < x[5] - 3)).any()
    assert ((columns > x[2] + 3) & (columns < x[3] - 3)).any()
    before = area.copy()
    draw(area, step([0, 0], t=7))
    changed = np.flatnonzero((before != area)[TITLE + 8 : -10].any(axis=(0, 2)))
    assert abs(changed.mean() - x[7]) < 3


def test_all_quantiles_count_and_improbable_atoms_do_not() -> None:
    quantiles = np.array([[3.0, 1.0], [2.0, 7.0]])
    assert probable_range(quantiles, np.full((2, 2), 0.5)) == (1, 7)
    atoms = np.broadcast_to([0.0, 10.0, 20.0], (2, 3))
    assert probable_range(atoms, np.array([[0.05, 0.95, 0.0], [0.0, 0.94, 0.06]])) == (10, 10)


def test_the_density_of_a_distribution_has_its_mass_and_mean() -> None:
    """A quarter at 1 and three quarters at 5: mean 4."""
    places = np.linspace(-5, 11, 1601)
    curve = density(np.array([[1.0, 5.0]]), np.array([[0.25, 0.75]]), places, 0.5)[0]
    assert (curve * places).sum() / curve.sum() == pytest.approx(4.0)
    assert curve[places < 3].sum() / curve.sum() == pytest.approx(0.25, abs=1e-4)


def test_return_distributions_are_at_their_returns_with_the_greedy_one_filled() -> None:
    """Returns from 0 to 40: the greedy action expects 10, the other 30, half as probable."""
    current = step([1, 0], returns=np.array([[10.0] * 2, [30.0, 90.0]]), probabilities=np.full((2, 2), 0.5))
    area = drawn(partial(returns_panel, return_range=(0.0, 40.0)), current, (130, 281))
    places = np.linspace(-3, 43, 281)  # three deviations of the kernel beyond both ends
    filled = (area == FILL).all(axis=-1).sum(axis=0)
    assert (filled * places).sum() / filled.sum() == pytest.approx(10, abs=0.2)
    tops = [(area[TITLE + 1 :, abs(places - at).argmin()] != 248).any(axis=-1).argmax() for at in (10, 30)]
    bottom = 130 - TITLE - 18
    assert tops[0] < 10 and abs(tops[1] - bottom / 2) < 8


def test_the_screen_is_enlarged_pixel_by_pixel() -> None:
    screen = np.zeros((2, 3, 3), np.uint8)
    screen[0, 0] = (255, 0, 0)
    area = drawn(partial(screen_panel, numbered=False), step([0, 0], screen=screen), (TITLE + 22, 32))
    assert count(area, (255, 0, 0)) == 100


def test_a_large_screen_shrinks_without_losing_lines() -> None:
    """A line of one pixel in three of white: a third of every pixel of the small screen."""
    screen = np.full((300, 300, 3), 255, np.uint8)
    screen[::3] = 0
    area = drawn(partial(screen_panel, numbered=False), step([0, 0], screen=screen), (TITLE + 102, 102))
    inside = area[TITLE + 1 : -1, 1:-1]
    assert (abs(inside.astype(int) - 170) <= 1).all()
