"""The learner and its update: numbers worked by hand, and the plain path."""

import copy
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from agents.learning.batch import Batch
from agents.learning.dqn import DQN
from agents.learning.losses import huber_loss, squared_loss
from agents.learning.values import Scalar
from agents.training.clock import linear
from models.config import NetworkConfig
from models.factory import make_network
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
