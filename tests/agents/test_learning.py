"""Targets, losses, the learner and ε-greedy play: numbers worked by hand, and the plain path."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from agents.learning.batch import Batch
from agents.learning.dqn import DQN
from agents.learning.policy import EpsilonGreedyPolicy, GreedyPolicy
from agents.learning.schedules import linear
from agents.learning.targets import huber_loss, q_target, squared_loss
from models.config import NetworkConfig
from models.factory import make_network


def test_q_target_worked_by_hand() -> None:
    """Row 0: 1 + 0.9 * max(2, 5) = 5.5. Row 1: a true end, 3 + 0 = 3. Row 2: 0.5 + 0.81 * 4 = 3.74."""
    target_q = torch.tensor([[2.0, 5.0], [7.0, 8.0], [4.0, -1.0]])
    reward, discount = torch.tensor([1.0, 3.0, 0.5]), torch.tensor([0.9, 0.0, 0.81])
    goal = q_target(target_q, target_q, reward, discount)
    torch.testing.assert_close(goal, torch.tensor([5.5, 3.0, 3.74]))


def test_double_target_takes_the_choosers_action_and_the_targets_value() -> None:
    """The chooser prefers action 0, whose target value is 2: 1 + 0.9 * 2 = 2.8."""
    target_q, chooser_q = torch.tensor([[2.0, 5.0]]), torch.tensor([[9.0, 1.0]])
    goal = q_target(target_q, chooser_q, torch.tensor([1.0]), torch.tensor([0.9]))
    torch.testing.assert_close(goal, torch.tensor([2.8]))


def test_losses_worked_by_hand() -> None:
    """Errors 0.5, -2 and 0: Huber 0.125, 1.5, 0; half squares 0.125, 2, 0.

    With delta 0.25: 0.25 * (0.5 - 0.125) = 0.09375, 0.25 * (2 - 0.125) = 0.46875, 0.
    """
    value, goal = torch.tensor([0.5, -2.0, 3.0]), torch.tensor([0.0, 0.0, 3.0])
    torch.testing.assert_close(huber_loss(value, goal), torch.tensor([0.125, 1.5, 0.0]))
    narrow = torch.tensor([0.09375, 0.46875, 0.0])
    torch.testing.assert_close(huber_loss(value, goal, delta=0.25), narrow)
    torch.testing.assert_close(squared_loss(value, goal), torch.tensor([0.125, 2.0, 0.0]))


def test_linear_schedule_goes_down_and_stays() -> None:
    values = [linear(1.0, 0.02, 50, now) for now in range(100)]
    assert values[0] == 1.0
    assert values[25] == pytest.approx(0.51)
    assert values[50:] == [0.02] * 50
    assert (np.diff(values) <= 0).all()


def random_batch(size: int = 16, seed: int = 0) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    return Batch(
        torch.randn(size, 4, generator=generator),
        torch.randint(3, (size,), generator=generator),
        torch.randn(size, generator=generator),
        torch.rand(size, generator=generator),
        torch.randn(size, 4, generator=generator),
    )


def make_dqn(*, norm: Any = "none", double: bool = False, tau: float = 0.0, **options: Any) -> DQN:
    torch.manual_seed(1)
    online = make_network(NetworkConfig(hidden=(8, 6), norm=norm), (4,), 3)
    target = copy.deepcopy(online)
    optimizer = torch.optim.Adam(online.parameters(), lr=1e-2, fused=True)
    settings = {"loss": huber_loss, "max_grad_norm": None, **options}
    return DQN(online, target, optimizer, double=double, tau=tau, **settings)


@pytest.mark.parametrize("double", [False, True])
def test_loss_equals_a_loop_over_rows(double: bool) -> None:
    dqn, batch = make_dqn(double=double, norm="layer"), random_batch()
    with torch.no_grad():
        for parameter in dqn.target.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
    losses, values = (part.detach() for part in dqn.loss(batch, dqn.goal(batch)))
    for i, (s, a, r, d, s2) in enumerate(zip(*batch, strict=True)):
        with torch.no_grad():
            chooser = dqn.online if double else dqn.target
            best = int(chooser(s2[None])[0].argmax())
            goal = r + d * dqn.target(s2[None])[0, best]
            value = dqn.online(s[None])[0, a]
        error = abs(float(value - goal))
        expected = 0.5 * error**2 if error < 1 else error - 0.5
        assert float(losses[i]) == pytest.approx(expected, abs=1e-5)
        assert float(values[i]) == pytest.approx(float(value), abs=1e-5)


def test_no_gradient_reaches_the_target_network() -> None:
    dqn = make_dqn(double=True)
    dqn.loss(random_batch(), dqn.goal(random_batch()))[0].mean().backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is None for p in dqn.target.parameters())
    assert all(p.grad is not None for p in dqn.online.parameters())


def test_update_equals_plain_adam_on_the_mean_loss() -> None:
    """The fused optimiser and the kept lists change nothing: three updates, written plainly."""
    dqn, plain = make_dqn(double=True, tau=0.1), make_dqn(double=True, tau=0.1)
    optimizer = torch.optim.Adam(plain.online.parameters(), lr=1e-2)
    for seed in range(3):
        batch = random_batch(seed=seed)
        dqn.update(batch)
        optimizer.zero_grad()
        plain.loss(batch, plain.goal(batch))[0].mean().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            for o, t in zip(plain.online.parameters(), plain.target.parameters(), strict=True):
                t.copy_(0.9 * t + 0.1 * o)
    for network in ("online", "target"):
        left, right = getattr(dqn, network), getattr(plain, network)
        for a, b in zip(left.parameters(), right.parameters(), strict=True):
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize("settings", [{"norm": "batch"}, {"double": True}, {"tau": 0.1}])
def test_several_updates_at_once_equal_one_after_another(settings: dict[str, Any]) -> None:
    together, apart = make_dqn(**settings), make_dqn(**settings)
    batches = [random_batch(seed=seed) for seed in range(3)]
    whole = Batch(*(torch.cat(columns) for columns in zip(*batches, strict=True)))
    total = together.update(whole, 3)
    each = [apart.update(batch) for batch in batches]
    torch.testing.assert_close(total.loss, sum(update.loss for update in each))
    torch.testing.assert_close(total.q, sum(update.q for update in each))
    left, right = together.state_dict(), apart.state_dict()
    for network in ("online", "target"):
        torch.testing.assert_close(left[network], right[network])


def test_batch_norm_statistics_learn_only_from_the_batch_and_reach_the_target() -> None:
    dqn = make_dqn(norm="batch")
    online = dict(dqn.online.named_buffers())
    target = dict(dqn.target.named_buffers())
    before = {name: value.clone() for name, value in online.items()}
    dqn.update(random_batch())
    assert all(int(v) == 1 for n, v in online.items() if n.endswith("num_batches_tracked"))
    assert not torch.equal(online["torso.0.1.running_mean"], before["torso.0.1.running_mean"])
    assert torch.equal(target["torso.0.1.running_mean"], before["torso.0.1.running_mean"])
    dqn.copy_target()
    for name, value in online.items():
        assert torch.equal(value, target[name]), name
    assert not dqn.online.training
    assert not dqn.target.training


def test_batch_norm_statistics_blend_into_a_soft_target() -> None:
    dqn = make_dqn(norm="batch", tau=0.5)
    dqn.update(random_batch())
    online = dict(dqn.online.named_buffers())["torso.0.1.running_mean"]
    target = dict(dqn.target.named_buffers())["torso.0.1.running_mean"]
    torch.testing.assert_close(target, 0.5 * online)


def test_the_judged_network_is_the_average_of_the_online_one() -> None:
    """After two updates: 0.75 (0.75 w0 + 0.25 w1) + 0.25 w2; without average, the online network."""
    dqn = make_dqn(tau=0.1, average=0.25)
    weights = [dqn.online.get_parameter("head.weight").detach().clone()]
    for seed in range(2):
        dqn.update(random_batch(seed=seed))
        weights.append(dqn.online.get_parameter("head.weight").detach().clone())
    expected = 0.75 * (0.75 * weights[0] + 0.25 * weights[1]) + 0.25 * weights[2]
    torch.testing.assert_close(dqn.judged.get_parameter("head.weight"), expected)
    plain = make_dqn(tau=0.1)
    assert plain.judged is plain.online


def test_gradient_norm_is_clipped() -> None:
    dqn = make_dqn(max_grad_norm=1e-3)
    dqn.update(random_batch())
    norm = torch.cat([p.grad.flatten() for p in dqn.online.parameters() if p.grad is not None])
    assert float(norm.norm()) == pytest.approx(1e-3, rel=1e-3)


class Values(nn.Module):
    """Action 2 is best wherever the observation is positive, else action 0."""

    def forward(self, observation: Tensor) -> Tensor:
        sign = observation[:, :1]
        return torch.cat([-sign, torch.zeros_like(sign), sign], dim=1)


def make_policy(seed: int = 0) -> EpsilonGreedyPolicy:
    greedy = GreedyPolicy(Values(), torch.device("cpu"))
    return EpsilonGreedyPolicy(greedy, 3, np.random.default_rng(seed))


def test_epsilon_zero_is_greedy_and_one_is_uniform() -> None:
    observation = np.array([[1.0], [-1.0]] * 3_000, np.float32)
    greedy = make_policy().act(observation, 0.0)
    assert (greedy[::2] == 2).all()
    assert (greedy[1::2] == 0).all()
    counts = np.bincount(make_policy().act(observation, 1.0), minlength=3)
    assert np.abs(counts - 2_000).max() < 200


def test_epsilon_is_the_probability_of_a_random_action() -> None:
    """A third of the random actions are the greedy one: 0.3 * 2 / 3 = 20 % differ."""
    action = make_policy().act(np.ones((20_000, 1), np.float32), 0.3)
    assert (action != 2).mean() == pytest.approx(0.2, abs=0.015)


def test_policy_resumes_exactly() -> None:
    first, second = make_policy(1), make_policy(2)
    observation = np.ones((50, 1), np.float32)
    first.act(observation, 0.5)
    second.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(first.act(observation, 0.5), second.act(observation, 0.5))
