"""Limits that members of the family share, their invariants, and twins written as plain loops."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from agents.learning.augmentation import random_shift
from agents.learning.backup import munchausen
from agents.learning.dqn import DQN
from agents.learning.losses import huber_loss, quantile_huber_loss
from agents.learning.values import Quantile, Scalar, categorical_projection
from models.outputs import ImplicitQuantileOutput
from models.prediction import ScalarPrediction
from tests.agents.learning.learners import (
    BACKUPS,
    KINDS,
    SEEDS,
    SIZES,
    at_random,
    drawn,
    drift,
    make_dqn,
    random_batch,
    rows,
    rows_of,
    target_of,
)

close = torch.testing.assert_close
sgd = partial(torch.optim.SGD, lr=0.1)
every_kind = pytest.mark.parametrize("kind", KINDS)
Maker = Callable[..., DQN]


@pytest.fixture(params=KINDS)
def make_even(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Maker:
    """Make learners of every kind; random levels are the same for every row and draw."""
    levels = rows([0.9, 0.3, 0.55, 0.1, 0.75])
    if request.param == "iqn":
        draw = "models.outputs.ImplicitQuantileOutput.draw_taus"
        monkeypatch.setattr(draw, lambda _, count, __: levels.expand(count, -1))
    return partial(make_dqn, kind=request.param)


def weights_of(dqn: DQN) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in dqn.online.parameters()]


# Limits


def test_double_with_the_targets_weights_is_plain(make_even: Maker) -> None:
    double, plain = make_even(double=True), make_even()
    close(double.td_target(random_batch()), plain.td_target(random_batch()))


def test_munchausen_uses_the_target_network_alone(make_even: Maker) -> None:
    dqn = make_even(backup="munchausen")
    before = dqn.td_target(random_batch())
    drift(dqn.online)
    close(dqn.td_target(random_batch()), before, atol=0, rtol=0)


def test_munchausens_bonus_is_for_the_action_taken_in_the_present_state() -> None:
    """At a true end with reward 0 it is all there is."""
    batch = random_batch()._replace(reward=torch.zeros(16), discount=torch.zeros(16))
    dqn = make_dqn(backup="munchausen")
    policy = torch.log_softmax(target_of(dqn)(batch.observation) / 0.3, dim=1)[range(16), batch.action]
    close(dqn.td_target(batch), 0.9 * (0.3 * policy).clamp(-1, 0).detach())


@pytest.mark.parametrize("delta", [0.3, 1.0, 4.0])
def test_one_quantile_learns_by_the_huber_loss_over_twice_delta(delta: float) -> None:
    """Its level is 1/2 on both sides of the error."""
    batch = random_batch(64)
    one, plain = make_dqn(Quantile(1, delta)), make_dqn(Scalar(partial(huber_loss, delta=delta)))
    td_targets = one.td_target(batch), plain.td_target(batch)
    close(td_targets[0].squeeze(1), td_targets[1])
    actual, expected = one.loss(batch, td_targets[0]), plain.loss(batch, td_targets[1])
    close(actual, (expected[0] * 0.5 / delta, *expected[1:]))


def test_munchausen_without_bonus_tends_to_greedy_as_it_cools(make_even: Maker) -> None:
    cold, greedy = (make_even(backup=name) for name in ("cold", "greedy"))
    close(cold.td_target(random_batch()), greedy.td_target(random_batch()), atol=2e-5, rtol=0)


@at_random
@given(SEEDS, SIZES, st.sampled_from([0.01, 1.0, 10.0]))
def test_soft_value_is_above_the_greatest_by_temperature_times_log_actions_at_most(
    seed: int, actions: int, temperature: float
) -> None:
    q = drawn(seed, 5, actions)
    backup = munchausen(0.0, temperature, -1.0)(q, lambda: q, torch.zeros(5, dtype=torch.int64))
    above = Scalar(huber_loss).target(ScalarPrediction(q), backup, torch.zeros(5), torch.ones(5)) - q.amax(
        1
    )
    assert (above > -1e-4).all()
    assert (above < temperature * math.log(actions) + 1e-4).all()


# Invariants


@at_random
@given(SEEDS, SIZES, SIZES)
def test_projection_keeps_the_mass_and_inside_the_support_the_mean(seed: int, size: int, many: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    support = torch.linspace(-2, 5, size)
    probability = torch.rand(4, many, generator=generator)
    beyond = 8 * torch.randn(4, many, generator=generator)
    close(categorical_projection(beyond, probability, support).sum(1), probability.sum(1))
    inside = -2 + 7 * torch.rand(4, many, generator=generator)
    projected = categorical_projection(inside, probability, support)
    close(projected @ support, (probability * inside).sum(1), atol=1e-4, rtol=1e-4)
    assert (projected >= 0).all()


@pytest.mark.parametrize("size", [2, 51, 601])
@pytest.mark.parametrize(("low", "high"), [(-10.0, 10.0), (0.0, 200.0)])
def test_projection_leaves_probability_on_the_support_exactly_where_it_is(
    low: float, high: float, size: int
) -> None:
    support = torch.linspace(low, high, size)
    projected = categorical_projection(support.unsqueeze(1), torch.ones(size, 1), support)
    assert torch.equal(projected, torch.eye(size))


@pytest.mark.parametrize("level", [0.1, 0.5, 0.8])
def test_quantile_loss_is_least_where_a_share_of_the_level_lies_below(level: float) -> None:
    """Of 0 to 99: between 9 and 10, 49 and 50, 79 and 80."""
    places = torch.arange(-20.5, 120.0)  # candidates, a row each
    targets = torch.arange(100.0).expand(len(places), -1)
    loss = quantile_huber_loss(places.unsqueeze(1), targets, torch.tensor([[level]]), delta=1e-3)
    assert float(places[loss.argmin()]) == pytest.approx(100 * level - 0.5)


@pytest.mark.parametrize("backup", BACKUPS)
def test_a_batch_equals_one_row_at_a_time(make_even: Maker, backup: str) -> None:
    dqn, batch = make_even(backup=backup, norm="layer"), random_batch()
    drift(target_of(dqn))
    td_target = dqn.td_target(batch)
    td_targets = [dqn.td_target(row) for row in rows_of(batch)]
    close(td_target, torch.cat(td_targets), atol=1e-5, rtol=1e-4)
    each = [dqn.loss(row, td_target) for row, td_target in zip(rows_of(batch), td_targets, strict=True)]
    for column, parts in zip(dqn.loss(batch, td_target), zip(*each, strict=True), strict=True):
        close(column, torch.cat(parts), atol=1e-5, rtol=1e-4)


def test_levels_are_drawn_for_each_row_and_each_draw() -> None:
    output, generator = ImplicitQuantileOutput(5), torch.Generator().manual_seed(0)
    levels = torch.cat([output.draw_taus(1_000, generator) for _ in range(2)])
    assert levels.shape == (2_000, 5)
    assert len(levels.unique()) > 9_900  # of 10,000, among 2^24 floats
    close(levels.mean(0), torch.full((5,), 0.5), atol=0.03, rtol=0)
    assert float(levels.min()) < 0.01
    assert float(levels.max()) > 0.99


def test_network_and_loss_get_the_same_levels() -> None:
    dqn, batch = make_dqn(kind="iqn"), random_batch()
    td_target, state = dqn.td_target(batch), dqn.generator.get_state()
    loss, value, _ = dqn.loss(batch, td_target)
    levels = torch.rand(16, 5, generator=torch.Generator().set_state(state))
    output, features = dqn.online.embedding, dqn.online.torso(batch.observation)
    assert isinstance(output, ImplicitQuantileOutput)
    quantiles = output.at(levels, features, dqn.online.outputs).quantiles[range(16), batch.action]
    close(loss, quantile_huber_loss(quantiles, td_target, levels, 0.7))
    close(value, quantiles.mean(1).detach())


@every_kind
@pytest.mark.parametrize("options", [{"double": True}, {"backup": "munchausen"}], ids=str)
def test_no_gradient_reaches_the_targets(kind: str, options: dict[str, Any]) -> None:
    dqn = make_dqn(kind=kind, **options)
    td_target = dqn.td_target(random_batch())
    loss, value, priority = dqn.loss(random_batch(), td_target)
    loss.mean().backward()
    assert not any(tensor.requires_grad for tensor in (td_target, value, priority))
    assert all(p.grad is None for p in target_of(dqn).parameters())
    assert all(p.grad is not None for p in dqn.online.parameters())


@every_kind
def test_importance_weights_scale_the_loss(kind: str) -> None:
    batch = random_batch()
    once, thrice = (make_dqn(kind=kind).update(batch._replace(weight=w * batch.weight)) for w in (1, 3))
    close(thrice.loss, 3 * once.loss)
    close(thrice.priority, once.priority)


@every_kind
def test_weights_of_0_leave_the_network_as_it_is(kind: str) -> None:
    dqn, batch = make_dqn(kind=kind, optimizer=sgd), random_batch()
    before = weights_of(dqn)
    dqn.update(batch._replace(weight=torch.zeros(16)))
    close(weights_of(dqn), before, atol=0, rtol=0)
    dqn.update(batch)
    assert not torch.equal(weights_of(dqn)[0], before[0])


def test_a_row_that_has_all_the_weight_is_learned_as_if_alone(make_even: Maker) -> None:
    """Weights 16, 0, ..., 0 of 16 rows: the mean is the loss of the first."""
    together, alone = make_even(optimizer=sgd), make_even(optimizer=sgd)
    batch = random_batch()
    together.update(batch._replace(weight=16.0 * (batch.indices == 0)))
    alone.update(rows_of(batch)[0]._replace(weight=torch.ones(1)))
    close(weights_of(together), weights_of(alone))


@every_kind
def test_without_target_network_the_reward_is_what_is_learned(kind: str) -> None:
    """Rewards -4, 0.25 and 2: on atoms -3, ..., 3, at the end, 3/4 and 1/4, and whole."""
    nothing = torch.full((3, 4), math.nan)
    batch = random_batch(3)._replace(
        reward=torch.tensor([-4.0, 0.25, 2.0]), discount=torch.zeros(3), next_observation=nothing
    )
    td_target = make_dqn(kind=kind, rollout=True).td_target(batch)
    atoms = rows([1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0.75, 0.25, 0, 0], [0, 0, 0, 0, 0, 1, 0])
    five = batch.reward.unsqueeze(1).expand(3, 5)
    close(td_target, {"scalar": batch.reward, "categorical": atoms}.get(kind, five))


@every_kind
def test_without_target_network_the_values_become_the_rewards(kind: str) -> None:
    """Those of IQN vary with its levels."""
    dqn = make_dqn(kind=kind, rollout=True, optimizer=partial(torch.optim.Adam, lr=0.03), norm="layer")
    batch = random_batch(4)._replace(discount=torch.zeros(4))
    for _ in range(200):
        dqn.update(batch)
    values = dqn.online(batch.observation).gather(1, batch.action.unsqueeze(1)).squeeze(1)
    close(values.detach(), batch.reward, atol=0.2, rtol=0)


def test_updates_learn_from_augmented_observations_before_and_after() -> None:
    """Every observation is turned around, then both sides of the same rows are."""
    turned, plain = make_dqn(augment=lambda observation, _: -observation), make_dqn()
    batch = random_batch()
    turned.update(batch)
    now, then = -batch.observation, -batch.next_observation
    plain.update(batch._replace(observation=now, next_observation=then))
    close(weights_of(turned), weights_of(plain), atol=0, rtol=0)


# Shifts


def test_a_row_of_three_pixels_is_shifted_to_one_of_three() -> None:
    """1 2 3 moved right, by nothing, left, the border repeated; moved up or down it is itself."""
    images = torch.tensor([1, 2, 3], dtype=torch.uint8).expand(60, 1, 1, 3)
    shifted = random_shift(images, torch.Generator().manual_seed(0), 1)
    assert {tuple(row) for row in shifted.flatten(1).tolist()} == {(1, 1, 2), (1, 2, 3), (2, 3, 3)}


def naive_shift(stack: Any, down: int, right: int) -> list[list[list[int]]]:
    """Each image padded by its border and cropped, pixel by pixel."""
    height, width = len(stack[0]), len(stack[0][0])
    within = lambda place, side: min(max(place, 0), side - 1)  # noqa: E731
    columns = [within(x + right, width) for x in range(width)]
    lines = [within(y + down, height) for y in range(height)]
    return [[[image[y][x] for x in columns] for y in lines] for image in stack]


@pytest.mark.parametrize("most", [1, 3])
def test_shifts_equal_a_plain_loop_and_reach_everywhere(most: int) -> None:
    """Each stack moves as one to one of (2 most + 1)² places, and of 2,000 stacks some to every place."""
    stack = torch.randint(256, (2, 4, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    steps = range(-most, most + 1)
    places = [naive_shift(stack.tolist(), down, right) for down in steps for right in steps]
    shifted = random_shift(stack.expand(2_000, -1, -1, -1), torch.Generator().manual_seed(0), most)
    observed = [places.index(each) for each in shifted.tolist()]
    counts = np.bincount(observed, minlength=len(places))
    assert np.abs(counts - 2_000 / len(places)).max() < 6 * (2_000 / len(places)) ** 0.5


@pytest.mark.parametrize("kind", [torch.uint8, torch.float32])
def test_images_keep_their_type_and_by_a_shift_of_0_everything(kind: torch.dtype) -> None:
    images = torch.randint(256, (6, 3, 4, 5), generator=torch.Generator().manual_seed(0)).to(kind)
    generator = torch.Generator().manual_seed(0)
    assert torch.equal(random_shift(images, generator, 0), images)
    shifted = random_shift(images, generator, 2)
    assert (shifted.dtype, shifted.shape) == (kind, images.shape)
    assert shifted.is_contiguous(memory_format=torch.channels_last)


# A twin


def naive_quantile_huber(quantiles: Any, targets: Any, levels: Any, delta: float) -> float:
    total = 0.0
    for quantile, level in zip(quantiles, levels, strict=True):
        for target in targets:
            error = target - quantile
            size = 0.5 * error**2 if abs(error) <= delta else delta * (abs(error) - 0.5 * delta)
            total += (1 - level if error < 0 else level) * size / delta / len(targets)
    return total


@at_random
@given(SEEDS, SIZES, SIZES, st.sampled_from([0.1, 1.0, 3.0]), st.booleans())
def test_quantile_huber_loss_equals_a_plain_loop(
    seed: int, size: int, targets: int, delta: float, shared: bool
) -> None:
    quantiles, target = drawn(seed, 3, size), drawn(seed + 1, 3, targets)
    levels = drawn(seed + 2, 1 if shared else 3, size).sigmoid()
    each = zip(quantiles.tolist(), target.tolist(), levels.expand(3, -1).tolist(), strict=True)
    expected = torch.tensor([naive_quantile_huber(*row, delta) for row in each])
    close(quantile_huber_loss(quantiles, target, levels, delta), expected, atol=1e-5, rtol=1e-4)
