"""Fully connected layers: torch's own made faster on CPUs, and with noise to explore by."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

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


def multiplied(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Maps `[B, inputs] -> [B, units]`: `functional.linear`, for many weights in less time on CPUs."""
    narrow = weight.numel() < WIDE or _multiply is None
    if narrow or inputs.device.type != "cpu" or inputs.dtype != torch.float32:
        return functional.linear(inputs, weight, bias)
    return _OneDnnLinear.apply(inputs, weight, bias)  # type: ignore[no-any-return]


class WideLinear(nn.Linear):
    """`nn.Linear` for small batches and many weights: the same numbers but for rounding, in less time."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps `[B, inputs] -> [B, units]`."""
        return multiplied(inputs, self.weight, self.bias)


class NoisyLinear(nn.Linear):
    """A linear layer whose weights carry learned noise (Fortunato et al. 2018, arXiv:1706.10295).

    `y = (μ + σ ⊙ ε) x + b`, with factorised noise `ε_ij = f(ε_i) f(ε_j)`, `f(x) = sign(x) √|x|` (eqs. 9
    to 11): a matrix of rank one, and so never formed: `σ (x ⊙ ε_in) ⊙ ε_out`.

    Args:
        inputs: p.
        units: q.
        bias: Whether there is one, with noise of its own.
        sigma: σ₀; every σ starts at `σ₀ / √p` (section 3.2).
    """

    def __init__(self, inputs: int, units: int, *, bias: bool, sigma: float) -> None:
        super().__init__(inputs, units, bias=bias)  # uniform within 1 / √p, as μ is in section 3.2
        start = sigma / inputs**0.5
        self.weight_sigma = nn.Parameter(torch.full_like(self.weight, start))
        self.bias_sigma = nn.Parameter(torch.full_like(self.bias, start)) if bias else None
        self.noise_disabled = False
        self._noise: tuple[Tensor, Tensor] | None = None  # no buffer: the target network has its own

    def set_noise(self, noise: Tensor | None) -> None:
        """Takes new noise, `[inputs + units]`, factors `f(ε)`; or none."""
        self._noise = None
        if noise is not None:
            incoming, outgoing = noise.split((self.in_features, self.out_features))
            self._noise = (incoming, outgoing)

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps `[B, inputs] -> [B, units]`; without noise where none was taken, or `noise_disabled`."""
        mean = multiplied(inputs, self.weight, self.bias)
        if self.noise_disabled or self._noise is None:
            return mean
        incoming, outgoing = self._noise
        return torch.addcmul(
            mean, multiplied(inputs * incoming, self.weight_sigma, self.bias_sigma), outgoing
        )


def linear(inputs: int, units: int, bias: bool = True, sigma: float = 0.0) -> nn.Linear:
    """Returns the fully connected layer that is fastest for its size; a noisy one where sigma is not 0."""
    if sigma:
        return NoisyLinear(inputs, units, bias=bias, sigma=sigma)
    return (WideLinear if inputs * units >= WIDE else nn.Linear)(inputs, units, bias=bias)
