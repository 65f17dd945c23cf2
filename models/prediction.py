"""Predictions of a network: the return of each action, as a value or as a distribution.

Every kind has the `mean`, action values `[B, A]`; `of` selects actions `[B, M]`; `distribution` returns K
possible returns of each action and their probabilities, `[B, A, K]` each.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


def gather_actions(params: Tensor, action: Tensor) -> Tensor:
    """Gather `[B, M, K]` of actions `[B, M]` from `[B, A, K]`."""
    return params.gather(1, action.unsqueeze(2).expand(-1, -1, params.shape[2]))


class ScalarPrediction(NamedTuple):
    """Expected returns."""

    mean: Tensor  # [B, A]

    def of(self, action: Tensor) -> "ScalarPrediction":
        """Select actions `[B, M]`."""
        return ScalarPrediction(self.mean.gather(1, action))

    def distribution(self) -> tuple[Tensor, Tensor]:
        """Return the mean as a certain outcome, K = 1."""
        returns = self.mean.unsqueeze(2)
        return returns, torch.ones_like(returns)


class CategoricalPrediction(NamedTuple):
    """Probabilities of K fixed returns."""

    logits: Tensor  # [B, A, K]
    support: Tensor  # [K]

    @property
    def probabilities(self) -> Tensor:
        """Probabilities of the atoms, `[B, A, K]`."""
        return functional.softmax(self.logits, dim=2)

    @property
    def mean(self) -> Tensor:
        """Action values, `[B, A]`."""
        return self.probabilities @ self.support

    def of(self, action: Tensor) -> "CategoricalPrediction":
        """Select actions `[B, M]`."""
        return self._replace(logits=gather_actions(self.logits, action))

    def distribution(self) -> tuple[Tensor, Tensor]:
        """Return the support and its probabilities."""
        return self.support.expand_as(self.logits), self.probabilities


class QuantilePrediction(NamedTuple):
    """Quantiles of the return, of equal weight."""

    quantiles: Tensor  # [B, A, N]
    taus: Tensor  # [B or 1, N]

    @property
    def mean(self) -> Tensor:
        """Action values, `[B, A]`."""
        return self.quantiles.mean(2)

    def of(self, action: Tensor) -> "QuantilePrediction":
        """Select actions `[B, M]`."""
        return self._replace(quantiles=gather_actions(self.quantiles, action))

    def distribution(self) -> tuple[Tensor, Tensor]:
        """Return the quantiles with equal probabilities."""
        return self.quantiles, torch.full_like(self.quantiles, 1 / self.quantiles.shape[2])


Prediction = ScalarPrediction | CategoricalPrediction | QuantilePrediction
