"""Rectified Adam by Adam: the plain optimiser's numbers."""

from typing import Any

import torch
from torch import Tensor, nn

from agents.learning.optimizers import RAdam, rectification

RATES = (3e-2, 1e-2)


def network() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 2))


def descend(optimizer: Any, net: nn.Module, steps: int, seed: int = 1) -> Tensor:
    """The parameters after each step, `[steps, P]`; the learning rate falls half-way."""
    generator, seen = torch.Generator().manual_seed(seed), []
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = RATES[step >= steps // 2]
        inputs = torch.randn(16, 5, generator=generator)
        optimizer.zero_grad()
        (net(inputs) - inputs[:, :2] ** 2).pow(2).mean().backward()
        optimizer.step()
        seen.append(torch.cat([p.detach().flatten() for p in net.parameters()]))
    return torch.stack(seen)


def test_it_takes_the_steps_of_torchs_own() -> None:
    """300 steps: five before it adapts, with an epsilon that counts, at two learning rates."""
    plain, fast = network(), network()
    theirs = descend(torch.optim.RAdam(plain.parameters(), RATES[0], eps=1e-3), plain, 300)
    ours = descend(RAdam(fast.parameters(), RATES[0], eps=1e-3), fast, 300)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    assert (ours[4] - ours[5]).abs().max() > 1e-6


def test_it_adapts_from_the_sixth_step_on_and_wholly_in_the_end() -> None:
    """β₂ = 0.999: ρ_5 = 5 - 0.004, ρ_6 = 6 - 0.006 or so; r_6 = √(1.994 · 3.994 · 1999 / (1995 · 1997 · 5.994))."""
    assert rectification(5, 0.999) is None
    share = rectification(6, 0.999)
    assert share is not None
    torch.testing.assert_close(
        share, (1.994 * 3.994 * 1999 / (1995 * 1997 * 5.994)) ** 0.5, rtol=1e-2, atol=0
    )
    late = rectification(100_000, 0.999)
    torch.testing.assert_close(late, 1.0, rtol=1e-9, atol=0)


def test_a_saved_optimizer_goes_on_where_it_was() -> None:
    whole, half, rest = network(), network(), network()
    descend(optimizer := RAdam(whole.parameters(), RATES[0]), whole, 4, seed=1)
    descend(optimizer, whole, 4, seed=2)
    descend(saved := RAdam(half.parameters(), RATES[0]), half, 4, seed=1)
    rest.load_state_dict(half.state_dict())
    (restored := RAdam(rest.parameters(), RATES[0])).load_state_dict(saved.state_dict())
    descend(restored, rest, 4, seed=2)
    for own, other in zip(whole.parameters(), rest.parameters(), strict=True):
        assert torch.equal(own, other)
    assert restored.param_groups[0]["lr"] == RATES[1] and restored.param_groups[0]["eps"] == 1e-8
