"""Layers that torch has, made faster on CPUs."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

WIDE = 2**18  # weights from which oneDNN's multiplication repays another call

# oneDNN's, which torch's compiler uses too. What `nn.Linear` calls uses AVX-512 on few processors only.
_multiply: Any = getattr(torch.ops.mkldnn, "_linear_pointwise", None)


class _OneDnnLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(inputs, weight)
        return _multiply(inputs, weight, bias, "none", [], "")  # type: ignore[no-any-return]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        inputs, weight = ctx.saved_tensors
        (gradient,) = gradients
        back = slope = None
        if ctx.needs_input_grad[0]:
            back = _multiply(gradient, weight.t(), None, "none", [], "")
        if ctx.needs_input_grad[1]:
            slope = _multiply(gradient.t().contiguous(), inputs.t(), None, "none", [], "")
        return back, slope, gradient.sum(0) if ctx.needs_input_grad[2] else None


class WideLinear(nn.Linear):
    """`nn.Linear` for small batches and many weights: the same numbers but for rounding, in less time."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps `[B, inputs] -> [B, units]`."""
        if _multiply is None or inputs.device.type != "cpu" or inputs.dtype != torch.float32:
            return super().forward(inputs)
        return _OneDnnLinear.apply(inputs, self.weight, self.bias)  # type: ignore[no-any-return]


def linear(inputs: int, units: int, bias: bool = True) -> nn.Linear:
    """Returns the fully connected layer that is fastest for its size."""
    return (WideLinear if inputs * units >= WIDE else nn.Linear)(inputs, units, bias=bias)
