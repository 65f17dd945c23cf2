"""The learner, its update, and ε-greedy play: numbers worked by hand, and the plain path."""

import copy
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from agents.acting.policy import EpsilonGreedyPolicy, GreedyPolicy
from agents.learning.batch import Batch
from agents.learning.dqn import DQN
from agents.learning.losses import huber_loss, squared_loss
from agents.learning.schedules import linear
from agents.learning.values import Scalar
from models.config import NetworkConfig
from models.factory import make_network
from models.q_network import QNetwork
from tests.agents.learning.learners import concatenated, drift, make_dqn, random_batch, target_of


def test_losses_worked_by_hand() -> None:
    """Errors 0.5, -2 and 0: Huber 0.125, 1.5, 0; half squares 0.125, 2, 0.

    With delta 0.25: 0.25 * (0.5 - 0.125) = 0.09375, 0.25 * (2 - 0.125) = 0.46875, 0.
    """
    value, td_target = torch.tensor([0.5, -2.0, 3.0]), torch.tensor([0.0, 0.0, 3.0])
    torch.testing.assert_close(huber_loss(value, td_target), torch.tensor([0.125, 1.5, 0.0]))
    torch.testing.assert_close(
        huber_loss(value, td_target, delta=0.25), torch.tensor([0.09375, 0.46875, 0.0])
    )
    torch.testing.assert_close(squared_loss(value, td_target), torch.tensor([0.125, 2.0, 0.0]))


def test_linear_schedule_goes_down_and_stays() -> None:
    values = [linear(1.0, 0.02, 50, now) for now in range(100)]
    assert values[0] == 1.0
    assert values[25] == pytest.approx(0.51)
    assert values[50:] == [0.02] * 50
    assert (np.diff(values) <= 0).all()


@pytest.mark.parametrize("double", [False, True])
def test_loss_equals_a_loop_over_rows(double: bool) -> None:
    dqn, batch = make_dqn(double=double, norm="layer"), random_batch()
    target = target_of(dqn)
    drift(target)
    losses, values, priorities = (part.detach() for part in dqn.loss(batch, dqn.td_target(batch)))
    for i, (s, a, r, d, s2, *_) in enumerate(zip(*batch, strict=True)):
        with torch.no_grad():
            chooser = dqn.online if double else target
            best = int(chooser(s2[None])[0].argmax())
            td_target = r + d * target(s2[None])[0, best]
            value = dqn.online(s[None])[0, a]
        error = abs(float(value - td_target))
        expected = 0.5 * error**2 if error < 1 else error - 0.5
        assert float(losses[i]) == pytest.approx(expected, abs=1e-5)
        assert float(values[i]) == pytest.approx(float(value), abs=1e-5)
        assert float(priorities[i]) == pytest.approx(error, abs=1e-5)


def test_update_equals_plain_adam_on_the_mean_weighted_loss() -> None:
    """The fused optimiser and the kept lists change nothing: three updates, written plainly."""
    dqn, plain = make_dqn(double=True, tau=0.1), make_dqn(double=True, tau=0.1)
    optimizer = torch.optim.Adam(plain.online.parameters(), lr=1e-2)
    for seed in range(3):
        batch = random_batch(seed=seed)
        dqn.update(batch)
        optimizer.zero_grad()
        (batch.weight * plain.loss(batch, plain.td_target(batch))[0]).mean().backward()
        optimizer.step()
        with torch.no_grad():
            for o, t in zip(plain.online.parameters(), target_of(plain).parameters(), strict=True):
                t.copy_(0.9 * t + 0.1 * o)
    for network in ("online", "target"):
        left, right = getattr(dqn, network), getattr(plain, network)
        for a, b in zip(left.parameters(), right.parameters(), strict=True):
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize(
    "settings",
    [
        {"norm": "batch"},
        {"double": True},
        {"tau": 0.1},
        {"ema_rate": 0.1, "backup": "munchausen"},
        {"kind": "categorical"},
        {"kind": "quantile"},
        {"kind": "quantile", "noisy": 0.5},
        # Levels are drawn in the same order only where targets are computed apart.
        {"kind": "iqn", "tau": 0.1},
        {"kind": "categorical", "rollout": True},
    ],
    ids=str,
)
def test_several_updates_at_once_equal_one_after_another(settings: dict[str, Any]) -> None:
    fast = partial(torch.optim.Adam, lr=0.1)  # so that even choices among actions change meanwhile
    together, apart = (make_dqn(**settings, optimizer=fast) for _ in range(2))
    batches = [random_batch(seed=seed) for seed in range(3)]
    total = together.update(concatenated(batches), 3)
    each = [apart.update(batch) for batch in batches]
    torch.testing.assert_close(total.loss, sum(update.loss for update in each))
    torch.testing.assert_close(total.q, sum(update.q for update in each))
    torch.testing.assert_close(total.priority, torch.cat([update.priority for update in each]))
    left, right = together.state_dict(), apart.state_dict()
    del left["optimizer"], right["optimizer"]
    torch.testing.assert_close(left, right)


def test_batch_norm_statistics_learn_only_from_the_batch_and_reach_the_target() -> None:
    dqn = make_dqn(norm="batch")
    online = dict(dqn.online.named_buffers())
    target = dict(target_of(dqn).named_buffers())
    before = {name: value.clone() for name, value in online.items()}
    dqn.update(random_batch())
    assert all(int(v) == 1 for n, v in online.items() if n.endswith("num_batches_tracked"))
    assert not torch.equal(online["torso.0.1.running_mean"], before["torso.0.1.running_mean"])
    assert torch.equal(target["torso.0.1.running_mean"], before["torso.0.1.running_mean"])
    dqn.copy_target()
    for name, value in online.items():
        assert torch.equal(value, target[name]), name
    assert not dqn.online.training
    assert not target_of(dqn).training


def spectral(rate: float, **options: Any) -> tuple[DQN, Batch]:
    """A learner with spectrally normalised residual blocks, and a batch of images for it."""
    torch.manual_seed(1)
    config = NetworkConfig(torso="impala", hidden=(8,), spectral=True)
    online = make_network(config, (1, 12, 12), 3)
    optimizer, generator = torch.optim.SGD(online.parameters(), rate), torch.Generator().manual_seed(0)
    value = Scalar(huber_loss)
    dqn = DQN(online, copy.deepcopy(online), optimizer, value=value, generator=generator, **options)
    images = torch.randint(256, (16, 1, 12, 12), dtype=torch.uint8)
    return dqn, random_batch()._replace(observation=images, next_observation=images)


def test_spectral_statistics_learn_only_from_the_batch() -> None:
    dqn, batch = spectral(0.0, double=True, tau=0.0)
    before = [vector.clone() for vector in dqn.online.buffers()]
    dqn.td_target(batch)
    assert all(map(torch.equal, dqn.online.buffers(), before))
    dqn.update(batch)
    assert not any(map(torch.equal, dqn.online.buffers(), before))
    assert not any(module.training for module in dqn.online.modules())


def test_singular_vectors_of_blended_networks_keep_their_length() -> None:
    """The norm that they divide by would be too small otherwise."""
    dqn, batch = spectral(0.1, tau=0.5, ema_rate=0.3)
    for _ in range(5):
        dqn.update(batch)
    for network in (target_of(dqn), dqn.ema_network):
        lengths = torch.stack([vector.norm() for vector in network.buffers()])
        torch.testing.assert_close(lengths, torch.ones_like(lengths))
        assert not any(map(torch.equal, network.buffers(), dqn.online.buffers()))


def test_batch_norm_statistics_blend_into_a_soft_target() -> None:
    dqn = make_dqn(norm="batch", tau=0.5)
    dqn.update(random_batch())
    online = dict(dqn.online.named_buffers())["torso.0.1.running_mean"]
    target = dict(target_of(dqn).named_buffers())["torso.0.1.running_mean"]
    torch.testing.assert_close(target, 0.5 * online)


def test_the_ema_network_is_the_average_of_the_online_one() -> None:
    """After two updates: 0.75 (0.75 w0 + 0.25 w1) + 0.25 w2; without an average, the online network."""
    dqn = make_dqn(tau=0.1, ema_rate=0.25)
    weights = [dqn.online.get_parameter("head.weight").detach().clone()]
    for seed in range(2):
        dqn.update(random_batch(seed=seed))
        weights.append(dqn.online.get_parameter("head.weight").detach().clone())
    expected = 0.75 * (0.75 * weights[0] + 0.25 * weights[1]) + 0.25 * weights[2]
    torch.testing.assert_close(dqn.ema_network.get_parameter("head.weight"), expected)
    plain = make_dqn(tau=0.1)
    assert plain.ema_network is plain.online


def test_gradient_norm_is_clipped() -> None:
    dqn = make_dqn(max_grad_norm=1e-3)
    dqn.update(random_batch())
    norm = torch.cat([p.grad.flatten() for p in dqn.online.parameters() if p.grad is not None])
    assert float(norm.norm()) == pytest.approx(1e-3, rel=1e-3)


def noises(dqn: DQN) -> list[Tensor]:
    drawn = [dqn.online.noise, target_of(dqn).noise]
    return [noise for noise in drawn if noise is not None]


def test_noise_is_new_at_every_update_and_the_targets_own() -> None:
    """Two networks at the start and after each of three updates: eight different draws."""
    dqn = make_dqn(noisy=0.5)
    seen = noises(dqn)
    for _ in range(3):
        dqn.update(random_batch())
        seen += noises(dqn)
    assert len({tuple(noise.tolist()) for noise in seen}) == 8


def test_noise_is_new_at_every_step_of_several_updates() -> None:
    """The steps have the same rows, and nothing is learned: only noise tells their errors apart."""
    dqn = make_dqn(noisy=0.5, optimizer=partial(torch.optim.SGD, lr=0.0))
    priority = dqn.update(concatenated([random_batch(4)] * 3), 3).priority.view(3, 4)
    assert not torch.isclose(priority[0], priority[1]).any()
    assert not torch.isclose(priority[1], priority[2]).any()


def test_targets_carry_the_target_networks_noise() -> None:
    dqn = make_dqn(noisy=0.5)
    before = dqn.td_target(random_batch())
    target_of(dqn).resample(dqn.generator)
    after = dqn.td_target(random_batch())
    assert ((before != after) == (random_batch().discount > 0)).all()


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "scalar", "noisy": 0.5, "ema_rate": 0.1, "norm": "batch"},
        {"kind": "categorical", "noisy": 0.5, "rollout": True},
        {"kind": "quantile", "noisy": 0.5, "tau": 0.1, "double": True},
        {"kind": "iqn", "noisy": 0.5, "backup": "munchausen"},
    ],
    ids=str,
)
def test_a_restored_learner_resumes_to_the_bit(options: dict[str, Any]) -> None:
    first, second = make_dqn(**options), make_dqn(**options, seed=2)
    first.update(random_batch(seed=1))
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    batch = random_batch()
    # Before the next update draws anew, the noise at hand is what the collector acts with.
    left, right = (dqn.loss(batch, dqn.td_target(batch)) for dqn in (first, second))
    torch.testing.assert_close(left, right, atol=0, rtol=0)
    left, right = (dqn.update(concatenated([batch] * 2), 2) for dqn in (first, second))
    torch.testing.assert_close(left, right, atol=0, rtol=0)
    torch.testing.assert_close(first.state_dict(), second.state_dict(), atol=0, rtol=0)


class Values(nn.Module):
    """Action 2 is best wherever the observation is positive, else action 0."""

    is_noisy = False

    def forward(self, observation: Tensor) -> Tensor:
        sign = observation[:, :1]
        return torch.cat([-sign, torch.zeros_like(sign), sign], dim=1)


def make_policy(epsilon: float, seed: int = 0) -> EpsilonGreedyPolicy:
    greedy = GreedyPolicy(Values(), torch.device("cpu"))
    return EpsilonGreedyPolicy(greedy, 3, np.random.default_rng(seed), epsilon)


def test_epsilon_zero_is_greedy_and_one_is_uniform() -> None:
    observation = np.array([[1.0], [-1.0]] * 3_000, np.float32)
    greedy = make_policy(0.0).act(observation)
    assert (greedy[::2] == 2).all()
    assert (greedy[1::2] == 0).all()
    counts = np.bincount(make_policy(1.0).act(observation), minlength=3)
    assert np.abs(counts - 2_000).max() < 200


def test_epsilon_is_the_probability_of_a_random_action() -> None:
    """A third of the random actions are the greedy one: 0.3 * 2 / 3 = 20 % differ."""
    action = make_policy(0.3).act(np.ones((20_000, 1), np.float32))
    assert (action != 2).mean() == pytest.approx(0.2, abs=0.015)


def test_policy_resumes_exactly() -> None:
    first, second = make_policy(0.5, 1), make_policy(0.5, 2)
    observation = np.ones((50, 1), np.float32)
    first.act(observation)
    second.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(first.act(observation), second.act(observation))


@pytest.fixture
def noisy() -> QNetwork:
    torch.manual_seed(1)
    network = make_network(NetworkConfig(hidden=(8, 6), noisy=0.5), (4,), 3)
    network.resample(torch.Generator().manual_seed(1))
    return network.eval()


OBSERVATION = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
CPU = torch.device("cpu")


def test_policy_has_no_noise_by_default(noisy: QNetwork) -> None:
    plain = make_network(NetworkConfig(hidden=(8, 6)), (4,), 3)
    plain.load_state_dict({n: v for n, v in noisy.state_dict().items() if not n.endswith("_sigma")})
    policy, expected = GreedyPolicy(noisy, CPU), GreedyPolicy(plain, CPU).values(OBSERVATION)
    for _ in range(2):
        np.testing.assert_array_equal(policy.values(OBSERVATION), expected)
        noisy.resample(torch.Generator().manual_seed(2))


def test_a_noiseless_policy_keeps_the_noise_of_learning(noisy: QNetwork) -> None:
    observation = torch.from_numpy(OBSERVATION)
    before = noisy(observation)
    noiseless = torch.from_numpy(GreedyPolicy(noisy, CPU).values(OBSERVATION))
    assert torch.equal(noisy(observation), before)
    assert not torch.isclose(noiseless, before).any()


def test_noisy_policy_draws_anew_for_each_call(noisy: QNetwork) -> None:
    first, second = (GreedyPolicy(noisy, CPU, noise=torch.Generator().manual_seed(3)) for _ in range(2))
    values = [first.values(OBSERVATION), first.values(OBSERVATION)]
    again = [second.values(OBSERVATION), second.values(OBSERVATION)]
    np.testing.assert_array_equal(values, again)
    assert not np.isclose(values[0], values[1]).any()
