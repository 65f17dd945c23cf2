"""RAdam against torch's own; the RMSProp of Mnih et al. 2015 in plain loops and the paper's own units."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from agents.learning.optimizers import CenteredRMSProp, RAdam, rectification

RATES = (3e-2, 1e-2)  # of RAdam
RATE, ALPHA, EPSILON, BATCH = 2.5e-4, 0.95, 0.01, 32  # of RMSProp


def make_net() -> nn.Module:
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


def test_radam_takes_the_steps_of_torchs_own() -> None:
    """300 steps: five before it adapts, with an epsilon that counts, at two learning rates."""
    plain, fast = make_net(), make_net()
    theirs = descend(torch.optim.RAdam(plain.parameters(), RATES[0], eps=1e-3), plain, 300)
    ours = descend(RAdam(fast.parameters(), RATES[0], eps=1e-3), fast, 300)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    assert (ours[4] - ours[5]).abs().max() > 1e-6


def test_radam_adapts_from_the_sixth_step_on_and_wholly_in_the_end() -> None:
    """β₂ = 0.999: ρ_5 = 5 - 0.004, ρ_6 = 6 - 0.006 or so; r_6 = √(1.994 · 3.994 · 1999 / (1995 · 1997 · 5.994))."""
    assert rectification(5, 0.999) is None
    share = rectification(6, 0.999)
    assert share is not None
    torch.testing.assert_close(
        share, (1.994 * 3.994 * 1999 / (1995 * 1997 * 5.994)) ** 0.5, rtol=1e-2, atol=0
    )
    late = rectification(100_000, 0.999)
    torch.testing.assert_close(late, 1.0, rtol=1e-9, atol=0)


def test_a_saved_radam_resumes_exactly() -> None:
    whole, half, rest = make_net(), make_net(), make_net()
    descend(optimizer := RAdam(whole.parameters(), RATES[0]), whole, 4, seed=1)
    descend(optimizer, whole, 4, seed=2)
    descend(saved := RAdam(half.parameters(), RATES[0]), half, 4, seed=1)
    rest.load_state_dict(half.state_dict())
    (restored := RAdam(rest.parameters(), RATES[0])).load_state_dict(saved.state_dict())
    descend(restored, rest, 4, seed=2)
    for own, other in zip(whole.parameters(), rest.parameters(), strict=True):
        assert torch.equal(own, other)
    assert restored.param_groups[0]["lr"] == RATES[1] and restored.param_groups[0]["eps"] == 1e-8


def gradients(scale: float, steps: int) -> Tensor:
    """Gradients of one parameter, of the mean over a batch."""
    return scale * torch.randn(steps, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def updates_of_the_paper(mean_gradients: Tensor) -> list[float]:
    """The parameter after each step: gradients summed over the batch, epsilon .01 inside the root."""
    parameter = average = square = 0.0
    seen = []
    for mean in mean_gradients.tolist():
        gradient = BATCH * mean
        average = ALPHA * average + (1 - ALPHA) * gradient
        square = ALPHA * square + (1 - ALPHA) * gradient**2
        parameter -= RATE * gradient / math.sqrt(square - average**2 + EPSILON)
        seen.append(parameter)
    return seen


@pytest.mark.parametrize("scale", [1e-5, 1e-4, 1e-3, 1e-1])
def test_rmsprop_steps_on_mean_gradients_are_the_papers_on_summed_ones(scale: float) -> None:
    """From gradients that epsilon outweighs to those beside which it is nothing."""
    drawn = gradients(scale, 50)
    parameter = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = CenteredRMSProp([parameter], RATE, ALPHA, EPSILON / BATCH**2)
    ours = []
    for gradient in drawn:
        parameter.grad = gradient.view(1)
        optimizer.step()
        ours.append(parameter.item())
    assert ours == pytest.approx(updates_of_the_paper(drawn), rel=1e-9)


def test_a_parameter_of_rmsprop_without_a_gradient_stays() -> None:
    learned, idle = (torch.ones(2, requires_grad=True) for _ in range(2))
    learned.grad = torch.ones(2)
    CenteredRMSProp([learned, idle], RATE, ALPHA, EPSILON).step()
    assert torch.equal(idle, torch.ones(2)) and (learned < 1).all()


def test_a_saved_rmsprop_resumes_exactly() -> None:
    drawn = gradients(1e-3, 8).float()
    whole, half = (torch.zeros(1, requires_grad=True) for _ in range(2))
    first, second = (CenteredRMSProp([p], RATE, ALPHA, 1e-5) for p in (whole, half))
    for t, gradient in enumerate(drawn):
        if t == 4:
            restored = CenteredRMSProp([half], 1.0, 0.5, 1.0)
            restored.load_state_dict(second.state_dict())
            second = restored
        for parameter, optimizer in ((whole, first), (half, second)):
            parameter.grad = gradient.view(1).clone()
            optimizer.step()
    assert torch.equal(whole, half)
