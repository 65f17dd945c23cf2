"""Targets and losses of every kind of value: numbers worked by hand, and twins written as plain loops."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from agents.learning.augmentation import random_shift
from agents.learning.bootstrap import Greedy, Munchausen, Plan
from agents.learning.losses import categorical_loss, huber_loss, quantile_huber_loss, squared_loss
from agents.learning.values import Categorical, Expected, Quantile, categorical_projection
from tests.agents.learners import rows

SEEDS = st.integers(0, 2**31)
close = torch.testing.assert_close


def greedy(chooser: Tensor) -> Plan:
    """Plans the best action of each row; present values and actions may not matter."""
    return Greedy()(chooser, lambda: pytest.fail("present values were asked for"), torch.zeros(0))


def certain(place: int, size: int = 3) -> list[float]:
    """Logits of a distribution with all its mass on one atom."""
    return [0.0 if i == place else -math.inf for i in range(size)]


def logs(*probability: float) -> list[float]:
    return [math.log(p) for p in probability]


# Expected values


def test_expected_target_worked_by_hand() -> None:
    """Row 0: 1 + 0.9 * max(2, 5) = 5.5. Row 1: a true end, 3 + 0 = 3. Row 2: 0.5 + 0.81 * 4 = 3.74."""
    numbers = rows([2.0, 5.0], [7.0, 8.0], [4.0, -1.0]).unsqueeze(2)
    reward, discount = torch.tensor([1.0, 3.0, 0.5]), torch.tensor([0.9, 0.0, 0.81])
    goal = Expected(huber_loss).target(numbers, greedy(numbers.squeeze(2)), reward, discount)
    close(goal, torch.tensor([5.5, 3.0, 3.74]))


def test_double_target_takes_the_choosers_action_and_the_targets_value() -> None:
    """The chooser prefers action 0, whose target value is 2: 1 + 0.9 * 2 = 2.8."""
    plan = greedy(rows([9.0, 1.0]))
    goal = Expected(huber_loss).target(rows([[2.0], [5.0]]), plan, torch.ones(1), torch.tensor([0.9]))
    close(goal, torch.tensor([2.8]))


def test_expected_target_with_munchausen_worked_by_hand() -> None:
    """Temperature 2, next values 0 and 2 ln 3: Σ π (q − 2 ln π) = 2 ln(1 + 3) = 4 ln 2.

    Present values 2 ln 4 and 0 make π(a|s) = 0.2 of action 1, whose 2 ln 0.2 = -3.2 is clipped at -1:
    1 - 0.9 + 0.5 * 4 ln 2 = 0.1 + 2 ln 2.
    """
    numbers = rows([[0.0], [2 * math.log(3)]])
    present = rows([2 * math.log(4), 0.0])
    plan = Munchausen(0.9, 2.0, -1.0)(numbers.squeeze(2), lambda: present, torch.tensor([1]))
    goal = Expected(huber_loss).target(numbers, plan, torch.ones(1), torch.tensor([0.5]))
    close(goal, torch.tensor([0.1 + 2 * math.log(2)]))


def test_losses_worked_by_hand() -> None:
    """Errors 0.5, -2 and 0: Huber 0.125, 1.5, 0; half squares 0.125, 2, 0.

    With delta 0.25: 0.25 * (0.5 - 0.125) = 0.09375, 0.25 * (2 - 0.125) = 0.46875, 0.
    """
    value, goal = torch.tensor([0.5, -2.0, 3.0]), torch.tensor([0.0, 0.0, 3.0])
    close(huber_loss(value, goal), torch.tensor([0.125, 1.5, 0.0]))
    close(huber_loss(value, goal, delta=0.25), torch.tensor([0.09375, 0.46875, 0.0]))
    close(squared_loss(value, goal), torch.tensor([0.125, 2.0, 0.0]))


def test_priority_of_an_expected_value_is_its_absolute_error() -> None:
    """Values 0.5 and -2 against 0 and 1: losses 0.125 and 3 - 0.5, errors 0.5 and 3."""
    loss, priority = Expected(huber_loss).loss(rows([0.5], [-2.0]), torch.tensor([0.0, 1.0]), None)
    close(loss, torch.tensor([0.125, 2.5]))
    close(priority, torch.tensor([0.5, 3.0]))


# Munchausen's plan


def test_munchausen_plan_worked_by_hand() -> None:
    """Temperature 2, next values 0 and 2 ln 3: weights 1 and 3, so π = 1/4, 3/4; penalties 2 ln π."""
    following, present = rows([0.0, 2 * math.log(3)]), rows([0.0, 0.0])
    plan = Munchausen(0.9, 2.0, -1.0)(following, lambda: present, torch.tensor([0]))
    assert plan.action.tolist() == [[0, 1]]
    close(plan.probability, rows([0.25, 0.75]))
    close(plan.penalty, rows([2 * math.log(0.25), 2 * math.log(0.75)]))


def test_munchausen_bonus_is_clipped_before_its_share_is_taken() -> None:
    """Present values 2 ln 4 and 0: π = 0.8, 0.2. 2 ln 0.8 = -0.45 stays, 2 ln 0.2 = -3.22 becomes -1."""
    present = rows([2 * math.log(4), 0.0]).expand(2, 2)
    plan = Munchausen(0.9, 2.0, -1.0)(torch.zeros(2, 2), lambda: present, torch.tensor([0, 1]))
    close(plan.bonus, torch.tensor([0.9 * 2 * math.log(0.8), -0.9]))


# Categorical values

THREE = Categorical(3, -1.0, 1.0)


def three(reward: float, discount: float, logits: list[float]) -> Tensor:
    """Backs up one action's distribution on the returns -1, 0, 1."""
    plan = greedy(torch.zeros(1, 1))
    return THREE.target(rows([logits]), plan, torch.tensor([reward]), torch.tensor([discount]))


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
    """Means 0 and 0.5 though the first may bring 1 oftener: 0 and 1, halved: 1/4 + 1/2 to 0, 1/4 to 1."""
    numbers = rows([logs(0.499, 0.001, 0.5), certain(0)]).index_copy(1, torch.tensor([1]), rows([[0.0] * 3]))
    numbers[0, 1] = torch.tensor([-math.inf, 0.0, 0.0])
    goal = THREE.target(numbers, greedy(THREE.mean(numbers)), torch.zeros(1), torch.tensor([0.5]))
    close(goal, rows([0.0, 0.75, 0.25]))


def test_categorical_target_with_a_soft_plan_worked_by_hand() -> None:
    """Bonus -0.5, discount 0.5; action 0 is worth -1, with penalty -1, and action 1 is worth 1, with 0.

    1/4 lies at -0.5 + 0.5 (-1 + 1) = -0.5: 1/8 to -1, 1/8 to 0. 3/4 at -0.5 + 0.5 (1 - 0) = 0.
    """
    plan = Plan(torch.tensor([[0, 1]]), rows([0.25, 0.75]), rows([-1.0, 0.0]), torch.tensor([-0.5]))
    goal = THREE.target(rows([certain(0), certain(2)]), plan, torch.zeros(1), torch.tensor([0.5]))
    close(goal, rows([0.125, 0.875, 0.0]))


def test_categorical_loss_worked_by_hand() -> None:
    """Probabilities 1/2, 1/4, 1/4 for 1/2, 1/2, 0: 1/2 ln 2 + 1/2 ln 4 = 1.5 ln 2; less ln 2, 0.5 ln 2."""
    loss, priority = THREE.loss(rows(logs(0.5, 0.25, 0.25)), rows([0.5, 0.5, 0.0]), None)
    close(loss, torch.tensor([1.5 * math.log(2)]))
    close(priority, torch.tensor([0.5 * math.log(2)]))


def test_divergence_is_0_where_distributions_agree() -> None:
    logits = torch.randn(4, 9, generator=torch.Generator().manual_seed(0))
    _, divergence = categorical_loss(logits, logits.softmax(1))
    close(divergence, torch.zeros(4), atol=1e-6, rtol=0)


def test_categorical_mean_worked_by_hand() -> None:
    """-1/4 + 0 + 1/2 = 1/4."""
    close(THREE.mean(rows([logs(0.25, 0.25, 0.5)])), rows([0.25]))


# Quantiles


def test_quantile_target_worked_by_hand() -> None:
    """Means 2 and 1: action 0, 1 + 0.5 (0, 1, 5) = 1, 1.5, 3.5. A true end: the reward, 2."""
    value, numbers = Quantile(3, 1.0), rows([[0, 1, 5], [1, 1, 1]], [[0, 1, 5], [1, 1, 1]])
    reward, discount = torch.tensor([1.0, 2.0]), torch.tensor([0.5, 0.0])
    goal = value.target(numbers, greedy(value.mean(numbers)), reward, discount)
    close(goal, rows([1.0, 1.5, 3.5], [2.0, 2.0, 2.0]))


def test_quantile_target_with_a_soft_plan_worked_by_hand() -> None:
    """Penalties -1 and 0: 1/4 (0 + 1, 4 + 1) + 3/4 (2, 4) = (1.75, 4.25); 2 - 0.5 + half of it."""
    plan = Plan(torch.tensor([[0, 1]]), rows([0.25, 0.75]), rows([-1.0, 0.0]), torch.tensor([-0.5]))
    numbers = rows([[0, 4], [2, 4]])
    goal = Quantile(2, 1.0).target(numbers, plan, torch.tensor([2.0]), torch.tensor([0.5]))
    close(goal, rows([2.375, 3.625]))


@pytest.mark.parametrize(("delta", "expected"), [(1.0, 0.4375), (0.5, 0.59375)])
def test_quantile_huber_loss_worked_by_hand(delta: float, expected: float) -> None:
    """Quantiles 0 and 1 at levels 1/4 and 3/4, targets 1 and -1; errors 1, -1 and 0, -2.

    Delta 1: sizes 1/2, 1/2 and 0, 3/2; (1/4 * 1/2 + 3/4 * 1/2) / 2 + (0 + 1/4 * 3/2) / 2 = 7/16.
    Delta 1/2: sizes 3/8, 3/8 and 0, 7/8; (3/8) / 2 + (1/4 * 7/8) / 2 = 19/64, over 1/2: 19/32.
    """
    loss, _ = Quantile(2, delta).loss(rows([0.0, 1.0]), rows([1.0, -1.0]), None)
    close(loss, torch.tensor([expected]))


def test_sampled_levels_stand_in_for_the_midpoints() -> None:
    """Levels 0.9 and 0.5: (0.9 * 1/2 + 0.1 * 1/2) / 2 + (0 + 0.5 * 3/2) / 2 = 0.25 + 0.375."""
    value = Quantile(2, 1.0, sampled=True)
    loss, _ = value.loss(rows([0.0, 1.0]), rows([1.0, -1.0]), rows([0.9, 0.5]))
    close(loss, torch.tensor([0.625]))


def test_priority_of_quantiles_is_the_absolute_error_of_their_mean() -> None:
    """Means 0.5 and 2: 1.5, although quantiles are off by 1 and 2."""
    _, priority = Quantile(2, 1.0).loss(rows([0.0, 1.0]), rows([1.0, 3.0]), None)
    close(priority, torch.tensor([1.5]))


def test_midpoints_worked_by_hand() -> None:
    """Four equal parts of [0, 1] have their middles at 1/8, 3/8, 5/8, 7/8."""
    close(Quantile(4, 1.0).midpoints, rows([1, 3, 5, 7]) / 8)


# Shifts


def test_a_row_of_three_pixels_is_shifted_to_one_of_three() -> None:
    """1 2 3 moved right, by nothing, left, the border repeated; moved up or down it is itself."""
    pictures = torch.tensor([1, 2, 3], dtype=torch.uint8).expand(60, 1, 1, 3)
    shifted = random_shift(pictures, torch.Generator().manual_seed(0), 1)
    assert {tuple(row) for row in shifted.flatten(1).tolist()} == {(1, 1, 2), (1, 2, 3), (2, 3, 3)}


# Twins


def softmax(values: list[float], temperature: float) -> list[float]:
    weights = [math.exp((v - max(values)) / temperature) for v in values]
    return [w / sum(weights) for w in weights]
