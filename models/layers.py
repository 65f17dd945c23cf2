"""Fully connected layers: torch's own, faster ones for CPUs, noisy ones, and dueling streams of them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models import fast


class WideLinear(nn.Linear):
    """`nn.Linear` for many weights: equal but for rounding, and faster in small batches."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Map `[B, inputs] -> [B, units]`."""
        return fast.linear(inputs, self.weight, self.bias)


class NoisyLinear(nn.Linear):
    """Linear layer with learned noise on its weights (Fortunato et al. 2018, arXiv:1706.10295).

    `y = (μ + σ ⊙ ε) x + b`, with factorised noise `ε_ij = f(ε_i) f(ε_j)`, `f(x) = sign(x) √|x|` (eqs. 9
    to 11): a matrix of rank one, and so never formed: `σ (x ⊙ ε_in) ⊙ ε_out`. A bias has noise of its own.
    `sigma` is σ₀: with p inputs, every σ starts at `σ₀ / √p` (section 3.2).
    """

    def __init__(self, inputs: int, units: int, *, bias: bool, sigma: float) -> None:
        super().__init__(inputs, units, bias=bias)  # uniform within 1 / √p, as μ is in section 3.2
        start = sigma / inputs**0.5
        self.weight_sigma = nn.Parameter(torch.full_like(self.weight, start))
        self.bias_sigma = nn.Parameter(torch.full_like(self.bias, start)) if bias else None
        self.noise_disabled = False
        self._noise: Sequence[Tensor] | None = None  # no buffer: the target network has its own

    def set_noise(self, noise: Tensor | None) -> None:
        """Set the noise factors `f(ε)`, `[inputs + units]`; None removes them."""
        self._noise = None if noise is None else noise.split((self.in_features, self.out_features))

    def forward(self, inputs: Tensor) -> Tensor:
        """Map `[B, inputs] -> [B, units]`; without noise if unset or `noise_disabled`."""
        mean = fast.linear(inputs, self.weight, self.bias)
        if self.noise_disabled or self._noise is None:
            return mean
        incoming, outgoing = self._noise
        noise = fast.linear(inputs * incoming, self.weight_sigma, self.bias_sigma)
        return torch.addcmul(mean, noise, outgoing)


def linear(inputs: int, units: int, bias: bool = True, sigma: float = 0.0) -> nn.Linear:
    """Return the fastest layer for this size; a noisy one if sigma is not 0."""
    if sigma:
        return NoisyLinear(inputs, units, bias=bias, sigma=sigma)
    return (WideLinear if inputs * units >= fast.WIDE else nn.Linear)(inputs, units, bias=bias)


class DuelingHead(nn.Module):
    """State value plus mean-centred advantages of the actions.

    `Z(s, a) = V(s) + A(s, a) − mean_a A(s, a)` (Wang et al. 2016, arXiv:1511.06581, eq. 9), for each of
    the K outputs separately: for scalars, atoms and quantiles alike.

    Args:
        value: Maps features `[B, D]` to `[B, K]`.
        advantage: Maps features `[B, D]` to `[B, A K]`.
        num_actions: A.
    """

    def __init__(self, value: nn.Module, advantage: nn.Module, num_actions: int) -> None:
        super().__init__()
        self.value, self.advantage, self._num_actions = value, advantage, num_actions

    def forward(self, features: Tensor) -> Tensor:
        """Map `[B, D] -> [B, A, K]`."""
        advantage = self.advantage(features).unflatten(1, (self._num_actions, -1))
        return self.value(features).unsqueeze(1) + advantage - advantage.mean(1, keepdim=True)
