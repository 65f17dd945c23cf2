"""Targets and losses of every kind of value: numbers worked by hand, and twins written as plain loops."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from agents.learning.backup import Backup, munchausen
from agents.learning.backup import greedy as greedy_backup
from agents.learning.losses import categorical_loss, huber_loss
from agents.learning.values import Categorical, Quantile, Scalar, Value
from models.prediction import CategoricalPrediction, QuantilePrediction, ScalarPrediction
from tests.agents.learning.learners import SEEDS, SIZES, at_random, drawn, rows

close = torch.testing.assert_close


def greedy(chooser: Tensor) -> Backup:
    """Back up the best action of each row; present values and actions must not matter."""
    return greedy_backup(chooser, lambda: pytest.fail("present values were used"), torch.zeros(0))


def logs(*probability: float) -> list[float]:
    return [math.log(p) for p in probability]


SUPPORT = torch.linspace(-1, 1, 3)


def atoms(logits: Tensor) -> CategoricalPrediction:
    """Prediction on the returns -1, 0, 1."""
    return CategoricalPrediction(logits, SUPPORT)


def quantiles(values: Tensor) -> QuantilePrediction:
    """Prediction at the midpoints."""
    count = values.shape[-1]
    return QuantilePrediction(values, (torch.arange(count).unsqueeze(0) + 0.5) / count)


PREDICTIONS: dict[str, Callable[[Tensor], Any]] = {
    "scalar": lambda numbers: ScalarPrediction(numbers.squeeze(2)),
    "categorical": lambda numbers: CategoricalPrediction(numbers, torch.linspace(-3, 3, numbers.shape[2])),
    "quantile": quantiles,
}


# Scalar values


def test_scalar_target_worked_by_hand() -> None:
    """Row 0: 1 + 0.9 * max(2, 5) = 5.5. Row 1: a true end, 3 + 0 = 3. Row 2: 0.5 + 0.81 * 4 = 3.74."""
    q = rows([2.0, 5.0], [7.0, 8.0], [4.0, -1.0])
    reward, discount = torch.tensor([1.0, 3.0, 0.5]), torch.tensor([0.9, 0.0, 0.81])
    td_target = Scalar(huber_loss).target(ScalarPrediction(q), greedy(q), reward, discount)
    close(td_target, torch.tensor([5.5, 3.0, 3.74]))


def test_double_target_takes_the_choosers_action_and_the_targets_value() -> None:
    """The chooser prefers action 0, whose target value is 2: 1 + 0.9 * 2 = 2.8."""
    backup = greedy(rows([9.0, 1.0]))
    prediction, discount = ScalarPrediction(rows([2.0, 5.0])), torch.tensor([0.9])
    td_target = Scalar(huber_loss).target(prediction, backup, torch.ones(1), discount)
    close(td_target, torch.tensor([2.8]))


def test_scalar_target_with_munchausen_worked_by_hand() -> None:
    """Temperature 2, next values 0 and 2 ln 3: Σ π (q − 2 ln π) = 2 ln(1 + 3) = 4 ln 2.

    Present values 2 ln 4 and 0 make π(a|s) = 0.2 of action 1, whose 2 ln 0.2 = -3.2 is clipped at -1:
    1 - 0.9 + 0.5 * 4 ln 2 = 0.1 + 2 ln 2.
    """
    q = rows([0.0, 2 * math.log(3)])
    present = rows([2 * math.log(4), 0.0])
    backup = munchausen(0.9, 2.0, -1.0)(q, lambda: present, torch.tensor([1]))
    td_target = Scalar(huber_loss).target(ScalarPrediction(q), backup, torch.ones(1), torch.tensor([0.5]))
    close(td_target, torch.tensor([0.1 + 2 * math.log(2)]))


@pytest.mark.parametrize("kind", PREDICTIONS)
def test_probabilities_sum_to_1_and_the_mean_is_the_value(kind: str) -> None:
    prediction = PREDICTIONS[kind](drawn(0, 3, 2, 1 if kind == "scalar" else 5))
    returns, probability = prediction.distribution()
    close(probability.sum(2), torch.ones(3, 2))
    close((returns * probability).sum(2), prediction.mean)


@pytest.mark.parametrize("kind", PREDICTIONS)
def test_a_prediction_of_some_actions_keeps_their_values(kind: str) -> None:
    prediction = PREDICTIONS[kind](drawn(0, 3, 4, 1 if kind == "scalar" else 5))
    action = torch.tensor([[2, 0], [3, 3], [1, 2]])
    close(prediction.of(action).mean, prediction.mean.gather(1, action))


@pytest.mark.parametrize("kind", ["scalar", "categorical", "quantile"])
@pytest.mark.parametrize("backup", [greedy_backup, munchausen(0.9, 0.03, -1.0)])
def test_targets_are_computed_on_the_networks_device(kind: str, backup: Any) -> None:
    """The meta device raises like a GPU on tensors of another device, except scalars."""
    meta = torch.device("meta")
    value = make_value(kind, 5)
    output = value.make_output()
    assert isinstance(output, nn.Module)
    numbers, row = torch.empty(3, 2, output.size, device=meta), torch.empty(3, device=meta)
    prediction = output.to(meta).predict(row, lambda _: numbers, None)
    q = prediction.mean
    backup = backup(q, lambda: q, torch.zeros_like(row, dtype=torch.int64))
    assert value.target(prediction, backup, row, row).device == meta
    assert value.target_of_return(row).device == meta


def test_priority_of_a_scalar_value_is_its_absolute_error() -> None:
    """Values 0.5 and -2 against 0 and 1: losses 0.125 and 3 - 0.5, errors 0.5 and 3."""
    loss, priority = Scalar(huber_loss).loss(
        ScalarPrediction(rows([0.5], [-2.0])), torch.tensor([0.0, 1.0])
    )
    close(loss, torch.tensor([0.125, 2.5]))
    close(priority, torch.tensor([0.5, 3.0]))


# Munchausen's backup


def test_munchausen_backup_worked_by_hand() -> None:
    """Temperature 2, next values 0 and 2 ln 3: weights 1 and 3, so π = 1/4, 3/4; penalties 2 ln π."""
    following, present = rows([0.0, 2 * math.log(3)]), rows([0.0, 0.0])
    backup = munchausen(0.9, 2.0, -1.0)(following, lambda: present, torch.tensor([0]))
    assert backup.action.tolist() == [[0, 1]]
    close(backup.probability, rows([0.25, 0.75]))
    close(backup.penalty, rows([2 * math.log(0.25), 2 * math.log(0.75)]))


def test_munchausen_bonus_is_clipped_before_its_share_is_taken() -> None:
    """Present values 2 ln 4 and 0: π = 0.8, 0.2. 2 ln 0.8 = -0.45 stays, 2 ln 0.2 = -3.22 becomes -1."""
    present = rows([2 * math.log(4), 0.0]).expand(2, 2)
    backup = munchausen(0.9, 2.0, -1.0)(torch.zeros(2, 2), lambda: present, torch.tensor([0, 1]))
    close(backup.bonus, torch.tensor([0.9 * 2 * math.log(0.8), -0.9]))


# Categorical values

THREE = Categorical(3, -1.0, 1.0)


def three(reward: float, discount: float, logits: list[float]) -> Tensor:
    """Back up one action's distribution on the returns -1, 0, 1."""
    backup = greedy(torch.zeros(1, 1))
    return THREE.target(atoms(rows([logits])), backup, torch.tensor([reward]), torch.tensor([discount]))


def test_categorical_target_worked_by_hand() -> None:
    """0.25 + 0.5 z for z = -1, 0, 1 with probability 1/4, 1/2, 1/4: it lies at -1/4, 1/4, 3/4.

    1/4 at -1/4: 1/16 to -1 and 3/16 to 0. 1/2 at 1/4: 3/8 to 0, 1/8 to 1. 1/4 at 3/4: 1/16 to 0, 3/16
    to 1. In all 1/16; 3/16 + 6/16 + 1/16 = 10/16; 2/16 + 3/16 = 5/16.
    """
    close(three(0.25, 0.5, logs(0.25, 0.5, 0.25)), rows([1, 10, 5]) / 16)


def test_values_exactly_on_atoms_stay_whole() -> None:
    """1 + z moves -1 to 0 and 0 to 1, where 1, beyond the end, joins: 1/4; 1/2 + 1/4."""
    close(three(1.0, 1.0, logs(0.25, 0.5, 0.25)), rows([0.0, 0.25, 0.75]))


@pytest.mark.parametrize(("reward", "expected"), [(5.0, [0.0, 0.0, 1.0]), (-5.0, [1.0, 0.0, 0.0])])
def test_values_outside_the_support_go_to_its_ends(reward: float, expected: list[float]) -> None:
    """5 + z is 4 or more, and -5 + z is -4 or less: all of it lies beyond one end."""
    close(three(reward, 1.0, logs(0.25, 0.5, 0.25)), rows(expected))


def test_categorical_target_of_a_true_end_is_the_reward() -> None:
    """All probability lies at -0.25, whatever followed: 1/4 to -1 and 3/4 to 0."""
    close(three(-0.25, 0.0, logs(0.7, 0.2, 0.1)), rows([0.25, 0.75, 0.0]))


def test_categorical_target_is_of_the_action_with_the_highest_mean() -> None:
    """Means 0.15 and 0.4, though 1 is likelier after action 0; 0 and 1 halved: 0.6 + 0.2 to 0, 0.2 to 1."""
    prediction = atoms(rows([logs(0.4, 0.05, 0.55), [-math.inf, *logs(0.6, 0.4)]]))
    td_target = THREE.target(prediction, greedy(prediction.mean), torch.zeros(1), torch.tensor([0.5]))
    close(td_target, rows([0.0, 0.8, 0.2]))


def test_categorical_target_with_a_soft_backup_worked_by_hand() -> None:
    """Bonus -0.5, discount 0.5; action 0 is worth -1, with penalty -1, and action 1 is worth 1, with 0.

    1/4 lies at -0.5 + 0.5 (-1 + 1) = -0.5: 1/8 to -1, 1/8 to 0. 3/4 at -0.5 + 0.5 (1 - 0) = 0.
    """
    backup = Backup(torch.tensor([[0, 1]]), rows([0.25, 0.75]), rows([-1.0, 0.0]), torch.tensor([-0.5]))
    td_target = THREE.target(
        atoms(rows([[0.0, -math.inf, -math.inf], [-math.inf, -math.inf, 0.0]])),
        backup,
        torch.zeros(1),
        torch.tensor([0.5]),
    )
    close(td_target, rows([0.125, 0.875, 0.0]))


def test_categorical_loss_worked_by_hand() -> None:
    """Probabilities 1/2, 1/4, 1/4 for 1/2, 1/2, 0: 1/2 ln 2 + 1/2 ln 4 = 1.5 ln 2; less ln 2, 0.5 ln 2."""
    loss, priority = THREE.loss(atoms(rows([logs(0.5, 0.25, 0.25)])), rows([0.5, 0.5, 0.0]))
    close(loss, torch.tensor([1.5 * math.log(2)]))
    close(priority, torch.tensor([0.5 * math.log(2)]))


def test_divergence_is_0_where_distributions_agree() -> None:
    logits = torch.randn(4, 9, generator=torch.Generator().manual_seed(0))
    _, divergence = categorical_loss(logits, logits.softmax(1))
    close(divergence, torch.zeros(4), atol=1e-6, rtol=0)


def test_categorical_mean_worked_by_hand() -> None:
    """-1/4 + 0 + 1/2 = 1/4."""
    close(atoms(rows([logs(0.25, 0.25, 0.5)])).mean, rows([0.25]))


# Quantiles


def test_quantile_target_worked_by_hand() -> None:
    """Means 2 and 1: action 0, 1 + 0.5 (0, 1, 5) = 1, 1.5, 3.5. A true end: the reward, 2."""
    prediction = quantiles(rows([[0, 1, 5], [1, 1, 1]], [[0, 1, 5], [1, 1, 1]]))
    reward, discount = torch.tensor([1.0, 2.0]), torch.tensor([0.5, 0.0])
    td_target = Quantile(3, 1.0).target(prediction, greedy(prediction.mean), reward, discount)
    close(td_target, rows([1.0, 1.5, 3.5], [2.0, 2.0, 2.0]))


def test_quantile_target_with_a_soft_backup_worked_by_hand() -> None:
    """Penalties -1 and 0: 1/4 (0 + 1, 4 + 1) + 3/4 (2, 4) = (1.75, 4.25); 2 - 0.5 + half of it."""
    backup = Backup(torch.tensor([[0, 1]]), rows([0.25, 0.75]), rows([-1.0, 0.0]), torch.tensor([-0.5]))
    prediction = quantiles(rows([[0, 4], [2, 4]]))
    td_target = Quantile(2, 1.0).target(prediction, backup, torch.tensor([2.0]), torch.tensor([0.5]))
    close(td_target, rows([2.375, 3.625]))


@pytest.mark.parametrize(("delta", "expected"), [(1.0, 0.4375), (0.5, 0.59375)])
def test_quantile_huber_loss_worked_by_hand(delta: float, expected: float) -> None:
    """Quantiles 0 and 1 at levels 1/4 and 3/4, targets 1 and -1; errors 1, -1 and 0, -2.

    Delta 1: sizes 1/2, 1/2 and 0, 3/2; (1/4 * 1/2 + 3/4 * 1/2) / 2 + (0 + 1/4 * 3/2) / 2 = 7/16.
    Delta 1/2: sizes 3/8, 3/8 and 0, 7/8; (3/8) / 2 + (1/4 * 7/8) / 2 = 19/64, over 1/2: 19/32.
    """
    loss, _ = Quantile(2, delta).loss(quantiles(rows([[0.0, 1.0]])), rows([1.0, -1.0]))
    close(loss, torch.tensor([expected]))


def test_sampled_levels_stand_in_for_the_midpoints() -> None:
    """Levels 0.9 and 0.5: (0.9 * 1/2 + 0.1 * 1/2) / 2 + (0 + 0.5 * 3/2) / 2 = 0.25 + 0.375."""
    prediction = QuantilePrediction(rows([[0.0, 1.0]]), rows([0.9, 0.5]))
    loss, _ = Quantile(2, 1.0).loss(prediction, rows([1.0, -1.0]))
    close(loss, torch.tensor([0.625]))


def test_priority_of_quantiles_is_the_absolute_error_of_their_mean() -> None:
    """Means 0.5 and 1: 0.5, although the quantiles are off by 3 and 2, to both sides."""
    _, priority = Quantile(2, 1.0).loss(quantiles(rows([[0.0, 1.0]])), rows([3.0, -1.0]))
    close(priority, torch.tensor([0.5]))


# Twins: plain loops over lists

Soft = tuple[float, float, float]  # alpha, temperature, least
SOFT = st.tuples(*map(st.sampled_from, ([0.0, 0.4, 1.0], [0.03, 0.5, 4.0], [-2.0, -0.1])))


def naive_policy(values: list[float], temperature: float) -> list[tuple[int, float, float]]:
    """Action, probability under the softmax policy, and temperature times its logarithm, of each."""
    best = max(values)
    total = sum(math.exp((v - best) / temperature) for v in values)
    logarithms = [v - best - temperature * math.log(total) for v in values]
    return [(a, math.exp(x / temperature), x) for a, x in enumerate(logarithms)]


def naive_backup(q: list[float], present: list[float], action: int, soft: Soft | None) -> tuple[Any, float]:
    """The steps that a row's next state is backed up by, and the bonus."""
    if soft is None:
        return [(q.index(max(q)), 1.0, 0.0)], 0.0
    alpha, temperature, least = soft
    _, _, taken = naive_policy(present, temperature)[action]
    return naive_policy(q, temperature), alpha * max(taken, least)


def naive_mean(kind: str, numbers: list[float], support: list[float]) -> float:
    if kind != "categorical":
        return sum(numbers) / len(numbers)
    return sum(p * support[k] for k, p, _ in naive_policy(numbers, 1.0))


def naive_target(
    kind: str, numbers: Any, backup: Any, start: float, discount: float, support: list[float]
) -> list[float]:
    """Return the target of one row; categorical mass is shared by the nearest atoms."""
    td_target = [0.0 if kind == "categorical" else start] * len(support)
    for action, chance, penalty in backup:
        mass = [p for _, p, _ in naive_policy(numbers[action], 1.0)]
        for k, number in enumerate(numbers[action]):
            if kind != "categorical":
                td_target[k] += discount * chance * (number - penalty)
                continue
            value = min(max(start + discount * (support[k] - penalty), support[0]), support[-1])
            for i, atom in enumerate(support):
                share = max(0.0, 1 - abs(value - atom) / (support[1] - support[0]))
                td_target[i] += chance * mass[k] * share
    return td_target


def make_value(kind: str, size: int) -> Value:
    if kind == "scalar":
        return Scalar(huber_loss)
    return Quantile(size, 1.0) if kind == "quantile" else Categorical(size, -3.0, 3.0)


@pytest.mark.parametrize("kind", ["scalar", "categorical", "quantile"])
@at_random
@given(SEEDS, SIZES, SIZES, st.none() | SOFT)
def test_targets_equal_a_plain_loop(
    kind: str, seed: int, actions: int, size: int, soft: Soft | None
) -> None:
    value = make_value(kind, size)
    size = 1 if kind == "scalar" else size
    numbers, present = drawn(seed, 4, actions, size), drawn(seed + 1, 4, actions)
    prediction = PREDICTIONS[kind](numbers)
    action, reward = drawn(seed + 2, 4, actions).argmax(1), drawn(seed + 3, 4)
    discount = torch.tensor([0.0, 0.5, 0.97, 1.0])
    backup = munchausen(*soft) if soft else greedy_backup
    backup = backup(prediction.mean, lambda: present, action)
    td_targets = value.target(prediction, backup, reward, discount)
    support = torch.linspace(-3, 3, size).tolist()
    for i, (row, td_target) in enumerate(zip(numbers.tolist(), td_targets, strict=True)):
        q = [naive_mean(kind, each, support) for each in row]
        steps, bonus = naive_backup(q, present[i].tolist(), int(action[i]), soft)
        expected = naive_target(kind, row, steps, float(reward[i]) + bonus, float(discount[i]), support)
        close(td_target.reshape(-1), torch.tensor(expected), atol=2e-5, rtol=1e-4)


@at_random
@given(SEEDS, SIZES, SOFT)
def test_munchausen_backup_equals_a_plain_loop(seed: int, actions: int, soft: Soft) -> None:
    following, present, action = drawn(seed, 1, actions), drawn(seed + 1, 1, actions), seed % actions
    backup = munchausen(*soft)(following, lambda: present, torch.tensor([action]))
    steps, bonus = naive_backup(following[0].tolist(), present[0].tolist(), action, soft)
    actual = zip(
        backup.action[0].tolist(), backup.probability[0].tolist(), backup.penalty[0].tolist(), strict=True
    )
    for step, expected in zip(actual, steps, strict=True):
        assert step == pytest.approx(expected, abs=1e-5, rel=1e-4)
    assert backup.bonus.tolist() == pytest.approx([bonus], abs=1e-5, rel=1e-4)
