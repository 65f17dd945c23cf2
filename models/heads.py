"""From features to what is known of each action's value."""

import math

import torch
from torch import Tensor, nn


class DuelingHead(nn.Module):
    """The value of the state plus the advantages of its actions, less their mean.

    `Z(s, a) = V(s) + A(s, a) − mean_a A(s, a)` (Wang et al. 2016, arXiv:1511.06581, eq. 9), for each of the
    K numbers apart: for scalars, atoms and quantiles alike.

    Args:
        value: Maps features `[B, D]` to `[B, K]`.
        advantage: Maps features `[B, D]` to `[B, A K]`.
        num_actions: A.
    """

    def __init__(self, value: nn.Module, advantage: nn.Module, num_actions: int) -> None:
        super().__init__()
        self.value, self.advantage, self._num_actions = value, advantage, num_actions

    def forward(self, features: Tensor) -> Tensor:
        """Maps `[B, D] -> [B, A, K]`."""
        advantage = self.advantage(features).unflatten(1, (self._num_actions, -1))
        return self.value(features).unsqueeze(1) + advantage - advantage.mean(1, keepdim=True)


class QuantileEmbedding(nn.Module):
    """Features modulated by quantile levels (Dabney et al. 2018, arXiv:1806.06923, eq. 4).

    `ψ(s) ⊙ ReLU(W cos(π i τ) + b)`, i from 0 to n - 1.

    Args:
        features: D.
        cosines: n; 64 in the paper.
        acting: N where no levels are given: the midpoints of N equal parts, where the paper draws 32.
    """

    _frequency: Tensor
    _midpoints: Tensor

    def __init__(self, features: int, cosines: int = 64, acting: int = 32) -> None:
        super().__init__()
        self._linear = nn.Linear(cosines, features)
        self.register_buffer("_frequency", math.pi * torch.arange(cosines), persistent=False)
        self.register_buffer("_midpoints", (torch.arange(acting) + 0.5) / acting, persistent=False)

    def forward(self, features: Tensor, taus: Tensor | None) -> Tensor:
        """Maps features `[B, D]` and levels `[B, N]` to `[B N, D]`, the levels of one row together."""
        if taus is None:
            taus = self._midpoints.expand(len(features), -1)
        cosines = torch.cos(taus.unsqueeze(2) * self._frequency)  # [B, N, n]
        weights = torch.relu(self._linear(cosines))
        return (features.unsqueeze(1) * weights).flatten(0, 1)
