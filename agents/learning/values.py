"""Targets and losses of each kind of prediction."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor

from agents.config.sections import LearningConfig
from agents.learning.backup import Backup
from agents.learning.losses import categorical_loss, huber_loss, quantile_huber_loss, squared_loss
from agents.learning.shapes import expect
from models.outputs import CategoricalOutput, ImplicitQuantileOutput, Output, QuantileOutput
from models.prediction import CategoricalPrediction, QuantilePrediction, ScalarPrediction


class Value(Protocol):
    """Representation of an action's return: its output layer, target and loss."""

    make_output: Callable[[], Output]
    """Makes a network's output layer, whose predictions the other methods take."""

    def target(self, prediction: Any, backup: Backup, reward: Tensor, discount: Tensor) -> Tensor:
        """Return targets `[B]` or `[B, K]` from the prediction for the next states."""

    def target_of_return(self, returns: Tensor) -> Tensor:
        """Return targets `[B]` or `[B, K]` of whole returns `[B]`."""

    def loss(self, prediction: Any, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return losses and priorities `[B]` from the predictions `[B, 1]` for the actions taken."""


class Scalar(Value):
    """The expected return (Mnih et al. 2015, doi:10.1038/nature14236); `loss` maps `[B], [B] -> [B]`."""

    def __init__(self, loss: Callable[[Tensor, Tensor], Tensor]) -> None:
        self._loss, self.make_output = loss, Output

    def target(
        self, prediction: ScalarPrediction, backup: Backup, reward: Tensor, discount: Tensor
    ) -> Tensor:
        """Return `r + bonus + D Σ_m π_m (q_m − penalty_m)`, `[B]`."""
        expect("B A, B, B", prediction.mean, reward, discount)
        value = prediction.of(backup.action).mean
        following = (backup.probability * (value - backup.penalty)).sum(1)
        return torch.addcmul(reward + backup.bonus, discount, following)

    def target_of_return(self, returns: Tensor) -> Tensor:
        """Return them, `[B]`."""
        return returns

    def loss(self, prediction: ScalarPrediction, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return losses and absolute errors, `[B]`."""
        value = prediction.mean.squeeze(1)
        return self._loss(value, target), (value.detach() - target).abs()


def categorical_projection(values: Tensor, probability: Tensor, support: Tensor) -> Tensor:
    """Project probability onto the two neighbours on an even support, in inverse proportion.

    Values `[B, N]` and their probability `[B, N]` become `[B, K]` on the support `[K]`, which rises evenly,
    K > 1. Values beyond it move to its ends (Bellemare et al. 2017, arXiv:1707.06887, Alg. 1).
    """
    expect("B N, B N, K", values, probability, support)
    most = len(support) - 1
    places = (values - support[0]) * (most / (support[-1] - support[0]))
    lower = places.nan_to_num().clamp(0, most - 1).long()  # of a diverged network, still an index
    # From the neighbours as they are rounded, so that probability on the support stays where it is.
    below, above = support[lower], support[lower + 1]
    part = ((values - below) / (above - below)).clamp_(0, 1)
    projected = probability.new_zeros(len(probability), len(support))
    projected.scatter_add_(1, lower, probability * (1 - part))
    return projected.scatter_add_(1, lower + 1, probability * part)


class Categorical(Value):
    """Probabilities of K returns, `v_min` to `v_max` (C51, Bellemare et al. 2017, arXiv:1707.06887)."""

    def __init__(self, num_atoms: int, v_min: float, v_max: float) -> None:
        self._support = torch.linspace(v_min, v_max, num_atoms)
        self.make_output = partial(CategoricalOutput, num_atoms, v_min, v_max)

    def target(
        self, prediction: CategoricalPrediction, backup: Backup, reward: Tensor, discount: Tensor
    ) -> Tensor:
        """Return `Σ_m π_m Project(r + bonus + D (z − penalty_m), p_m)`, `[B, K]` probabilities."""
        expect("B A K, K, B, B", prediction.logits, prediction.support, reward, discount)
        probability = prediction.of(backup.action).probabilities  # [B, M, K]
        first = (reward + backup.bonus).view(-1, 1, 1)
        following = prediction.support - backup.penalty.unsqueeze(-1)  # [B, M, K] or [1, K]
        values = (first + discount.view(-1, 1, 1) * following).expand_as(probability)
        weighted = backup.probability.unsqueeze(-1) * probability
        return categorical_projection(values.flatten(1), weighted.flatten(1), prediction.support)

    def target_of_return(self, returns: Tensor) -> Tensor:
        """Return them projected onto the support, `[B, K]` probabilities."""
        values = returns.unsqueeze(1)
        return categorical_projection(values, torch.ones_like(values), self._support.to(returns.device))

    def loss(self, prediction: CategoricalPrediction, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return cross-entropies and divergences, `[B]`."""
        return categorical_loss(prediction.logits.squeeze(1), target)


class Quantile(Value):
    """N quantiles of the return, as many for the target; the value is their mean.

    `output` makes the output layer from N: quantiles at midpoints (QR-DQN, Dabney et al. 2018,
    arXiv:1710.10044) or at random levels (IQN, 2018, arXiv:1806.06923). `delta` is the error up to which
    the quantile Huber loss is quadratic.
    """

    def __init__(
        self, num_quantiles: int, delta: float, output: Callable[[int], Output] = QuantileOutput
    ) -> None:
        self._num_quantiles, self._delta = num_quantiles, delta
        self.make_output = partial(output, num_quantiles)

    def target(
        self, prediction: QuantilePrediction, backup: Backup, reward: Tensor, discount: Tensor
    ) -> Tensor:
        """Return `r + bonus + D Σ_m π_m (θ_m − penalty_m)` for each quantile, `[B, N]`."""
        expect("B A N, B, B", prediction.quantiles, reward, discount)
        following = prediction.of(backup.action).quantiles - backup.penalty.unsqueeze(-1)
        following = (backup.probability.unsqueeze(-1) * following).sum(1)
        return torch.addcmul((reward + backup.bonus).unsqueeze(1), discount.unsqueeze(1), following)

    def target_of_return(self, returns: Tensor) -> Tensor:
        """Return them as every quantile, `[B, N]`."""
        return returns.unsqueeze(1).expand(-1, self._num_quantiles)

    def loss(self, prediction: QuantilePrediction, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return quantile Huber losses and absolute errors of the means, `[B]`."""
        quantiles = prediction.quantiles.squeeze(1)
        loss = quantile_huber_loss(quantiles, target, prediction.taus, self._delta)
        return loss, (quantiles.detach().mean(1) - target.mean(1)).abs()


VALUES: dict[str, Callable[[LearningConfig], Value]] = {
    "scalar": lambda s: Scalar(
        squared_loss if s.loss == "squared" else partial(huber_loss, delta=s.huber_delta)
    ),
    "categorical": lambda s: Categorical(s.num_atoms, s.v_min, s.v_max),
    "quantile": lambda s: Quantile(s.num_quantiles, s.huber_delta),
    "iqn": lambda s: Quantile(s.num_quantiles, s.huber_delta, ImplicitQuantileOutput),
}
