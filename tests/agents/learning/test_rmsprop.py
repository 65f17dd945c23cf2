"""The RMSProp of Mnih et al. 2015 against the paper's own units, worked in plain loops."""

import math

import pytest
import torch
from torch import Tensor

from agents.learning.optimizers import CenteredRMSProp

RATE, ALPHA, EPSILON, BATCH = 2.5e-4, 0.95, 0.01, 32


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
def test_steps_on_mean_gradients_are_the_papers_on_summed_ones(scale: float) -> None:
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


def test_a_parameter_without_a_gradient_stays() -> None:
    learned, idle = (torch.ones(2, requires_grad=True) for _ in range(2))
    learned.grad = torch.ones(2)
    CenteredRMSProp([learned, idle], RATE, ALPHA, EPSILON).step()
    assert torch.equal(idle, torch.ones(2)) and (learned < 1).all()


def test_a_saved_optimizer_goes_on_where_it_was() -> None:
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
