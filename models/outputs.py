"""Output layers: from features to a prediction of each kind."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from models.prediction import CategoricalPrediction, Prediction, QuantilePrediction, ScalarPrediction

Head = Callable[[Tensor], Tensor]
"""Maps features `[B, D]` to `[B, A, K]`."""


class Output(nn.Module):
    """One value per action, and the interface of the other kinds of prediction."""

    size = 1
    """K, head outputs per action."""
    embeds = False
    """Whether it modulates the features in front of the last hidden layer."""

    def connect(self, features: int) -> None:
        """Create the layers that depend on the number of features D, if any."""

    def predict(self, features: Tensor, head: Head, _generator: torch.Generator | None) -> Prediction:
        """Predict from features `[B, D]`; the generator draws whatever is random in training."""
        return ScalarPrediction(head(features).squeeze(2))


class CategoricalOutput(Output):
    """Logits of K even returns, `v_min` to `v_max` (C51, Bellemare et al. 2017, arXiv:1707.06887)."""

    support: Tensor

    def __init__(self, num_atoms: int, v_min: float, v_max: float) -> None:
        super().__init__()
        self.size = num_atoms
        self.register_buffer("support", torch.linspace(v_min, v_max, num_atoms), persistent=False)

    def predict(self, features: Tensor, head: Head, _generator: torch.Generator | None) -> Prediction:
        """Map `[B, D]` to logits."""
        return CategoricalPrediction(head(features), self.support)


class QuantileOutput(Output):
    """Quantiles at the midpoints of N equal parts (QR-DQN, Dabney et al. 2018, arXiv:1710.10044)."""

    taus: Tensor

    def __init__(self, num_quantiles: int) -> None:
        super().__init__()
        self.size = num_quantiles
        self.register_buffer("taus", midpoints(num_quantiles).unsqueeze(0), persistent=False)

    def predict(self, features: Tensor, head: Head, _generator: torch.Generator | None) -> Prediction:
        """Map `[B, D]` to quantiles."""
        return QuantilePrediction(head(features), self.taus)


class ImplicitQuantileOutput(Output):
    """Quantiles at levels τ that modulate the features (IQN, Dabney et al. 2018, arXiv:1806.06923).

    `ψ(s) ⊙ ReLU(W cos(π i τ) + b)`, i from 0 to 63 (eq. 4). N levels are drawn in training; without a
    generator they are the midpoints of 32 equal parts, where the paper draws 32.
    """

    embeds = True
    _frequency: Tensor
    _midpoints: Tensor

    def __init__(self, num_quantiles: int) -> None:
        super().__init__()
        self._num_quantiles = num_quantiles
        self.register_buffer("_frequency", math.pi * torch.arange(64), persistent=False)
        self.register_buffer("_midpoints", midpoints(32), persistent=False)

    def connect(self, features: int) -> None:
        """Create the embedding of the levels."""
        self._linear = nn.Linear(len(self._frequency), features)

    def draw_taus(self, rows: int, generator: torch.Generator) -> Tensor:
        """Draw levels `[rows, N]` uniformly from 0 to 1."""
        return torch.rand(rows, self._num_quantiles, generator=generator, device=generator.device)

    def predict(self, features: Tensor, head: Head, generator: torch.Generator | None) -> Prediction:
        """Map `[B, D]` to quantiles at random levels, or at the midpoints without a generator."""
        rows = len(features)
        taus = self._midpoints.expand(rows, -1) if generator is None else self.draw_taus(rows, generator)
        return self.at(taus, features, head)

    def at(self, taus: Tensor, features: Tensor, head: Head) -> QuantilePrediction:
        """Map `[B, D]` to quantiles at levels `[B, N]`."""
        numbers = head(self.embed(features, taus))  # [B N, A, 1]
        return QuantilePrediction(numbers.view(*taus.shape, -1).transpose(1, 2), taus)

    def embed(self, features: Tensor, taus: Tensor) -> Tensor:
        """Map features `[B, D]` and levels `[B, N]` to `[B N, D]`, row by row."""
        cosines = torch.cos(taus.unsqueeze(2) * self._frequency)  # [B, N, 64]
        weights = torch.relu(self._linear(cosines))
        return (features.unsqueeze(1) * weights).flatten(0, 1)


def midpoints(count: int) -> Tensor:
    """Return the midpoints `[N]` of N equal parts of 0 to 1."""
    return (torch.arange(count) + 0.5) / count
