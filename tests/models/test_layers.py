"""Fully connected layers for many weights: the same numbers and gradients as torch's own."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from models import fast
from models.layers import NoisyLinear, WideLinear, linear

INPUTS, UNITS = 700, 400  # 280,000 weights, more than 2**18 = 262,144


def operands(batch: int) -> tuple[Tensor, Tensor, Tensor]:
    inputs, weight, bias = torch.randn(batch, INPUTS), torch.randn(UNITS, INPUTS), torch.randn(UNITS)
    return inputs.requires_grad_(), (weight / INPUTS**0.5).requires_grad_(), bias.requires_grad_()


def close(ours: Tensor | None, theirs: Tensor | None) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_a_layer_is_wide_from_2_to_the_18_weights_on() -> None:
    """512 * 512 = 2**18."""
    assert [type(linear(512, units)) for units in (511, 512)] == [nn.Linear, WideLinear]


def test_a_layer_with_sigma_is_noisy_however_wide() -> None:
    assert [type(linear(512, units, sigma=0.1)) for units in (2, 512)] == [NoisyLinear] * 2


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [1, 32])
def test_a_wide_layer_equals_the_plain_one(batch: int, bias: bool) -> None:
    wide, plain = linear(1024, 300, bias), nn.Linear(1024, 300, bias=bias)
    assert type(wide) is WideLinear
    plain.load_state_dict(wide.state_dict())
    results = []
    for layer in (wide, plain):
        inputs = torch.randn(batch, 1024, generator=torch.Generator().manual_seed(1)).requires_grad_()
        out = layer(inputs)
        (out**2).mean().backward()
        results.append([out.detach(), inputs.grad, *(p.grad for p in layer.parameters())])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("batch", [1, 7])
def test_gradients_of_a_plain_sum_are_those_of_torch(batch: int) -> None:
    """The gradient of a sum is one number, expanded: its strides are 0."""
    given = operands(batch)
    ours = torch.autograd.grad(fast.linear(*given).sum(), given)
    for one, other in zip(ours, torch.autograd.grad(functional.linear(*given).sum(), given), strict=True):
        close(one, other)


def test_inputs_of_another_layout_give_the_same() -> None:
    _, weight, bias = operands(1)
    for inputs in (torch.randn(INPUTS, 5).t(), torch.randn(5, 2 * INPUTS)[:, ::2]):
        close(fast.linear(inputs, weight, bias), functional.linear(inputs, weight, bias))


@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_what_asks_for_no_gradient_gets_none_and_changes_no_other(frozen: int) -> None:
    given = operands(3)
    given[frozen].requires_grad_(False)
    asking = [tensor for tensor in given if tensor.requires_grad]
    ours = torch.autograd.grad((fast.linear(*given) ** 2).mean(), asking)
    theirs = torch.autograd.grad((functional.linear(*given) ** 2).mean(), asking)
    for one, other in zip(ours, theirs, strict=True):
        close(one, other)


def test_double_precision_is_left_to_torch() -> None:
    given = [tensor.double() for tensor in operands(3)]
    assert torch.equal(fast.linear(*given), functional.linear(*given))


def test_without_one_dnn_torch_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    given = operands(3)
    monkeypatch.setattr(fast, "_multiply", None)
    assert torch.equal(fast.linear(*given), functional.linear(*given))
