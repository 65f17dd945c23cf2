"""The one module with private names of torch: oneDNN's linear layer, with its plain twin."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

WIDE = 2**18  # weights from which oneDNN's multiplication is worth another call

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


def linear(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Map `[B, inputs] -> [B, units]` as `functional.linear`, faster for many weights on CPUs."""
    narrow = weight.numel() < WIDE or _multiply is None
    if narrow or inputs.device.type != "cpu" or inputs.dtype != torch.float32:
        return functional.linear(inputs, weight, bias)
    return _OneDnnLinear.apply(inputs, weight, bias)  # type: ignore[no-any-return]
