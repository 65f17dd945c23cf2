"""What the K numbers of an action mean: its value, or the distribution of its returns."""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from agents.learning.backup import Backup
from agents.learning.losses import Loss, categorical_loss, quantile_huber_loss


class Value(Protocol):
    """The meaning of a network's numbers; K of them an action."""

    size: int  # K

    def draw_taus(self, rows: int, generator: torch.Generator) -> Tensor | None:
        """Returns random quantile levels `[B, K]` for the network, if it wants any."""

    def mean(self, numbers: Tensor) -> Tensor:
        """Returns values `[B, A]` of numbers `[B, A, K]`."""

    def distribution(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the returns that are expected and their probabilities, `[B, A, K]` each."""

    def target(self, numbers: Tensor, backup: Backup, reward: Tensor, discount: Tensor) -> Tensor:
        """Returns what to learn, `[B]` or `[B, K]`, from the next state's numbers `[B, A, K]`."""

    def loss(self, numbers: Tensor, target: Tensor, taus: Tensor | None) -> tuple[Tensor, Tensor]:
        """Returns each row's loss and priority, `[B], [B]`, of the numbers `[B, K]` of its action."""


def of_actions(numbers: Tensor, action: Tensor) -> Tensor:
    """Returns the numbers `[B, M, K]` of actions `[B, M]` among those of all, `[B, A, K]`."""
    return numbers.gather(1, action.unsqueeze(2).expand(-1, -1, numbers.shape[2]))


class Scalar:
    """The expected return itself (Mnih et al. 2015, doi:10.1038/nature14236); K is 1.

    Args:
        loss: Of a value and its target, `[B], [B] -> [B]`.
    """

    size = 1

    def __init__(self, loss: Loss) -> None:
        self._loss = loss

    def draw_taus(self, _rows: int, _generator: torch.Generator) -> None:
        """Returns none."""

    def mean(self, numbers: Tensor) -> Tensor:
        """Returns values `[B, A]` of numbers `[B, A, 1]`."""
        return numbers.squeeze(2)

    def distribution(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the value, and that it is certain."""
        return numbers, torch.ones_like(numbers)

    def target(self, numbers: Tensor, backup: Backup, reward: Tensor, discount: Tensor) -> Tensor:
        """Returns `r + bonus + D Σ_m π_m (q_m − penalty_m)`, `[B]`."""
        value = of_actions(numbers, backup.action).squeeze(2)
        following = (backup.probability * (value - backup.penalty)).sum(1)
        return torch.addcmul(reward + backup.bonus, discount, following)

    def loss(self, numbers: Tensor, target: Tensor, _taus: Tensor | None) -> tuple[Tensor, Tensor]:
        """Returns each row's loss and its absolute error, `[B], [B]`."""
        value = numbers.squeeze(1)
        return self._loss(value, target), (value.detach() - target).abs()


def categorical_projection(values: Tensor, probability: Tensor, support: Tensor) -> Tensor:
    """Moves probability at any values to the two neighbours on an even support, in inverse proportion.

    Values outside the support go to its ends (Bellemare et al. 2017, arXiv:1707.06887, Alg. 1).

    Args:
        values: `[B, N]` where the probability lies.
        probability: `[B, N]`.
        support: `[K]`, evenly spaced, rising, K > 1.

    Returns:
        `[B, K]` probability on the support.
    """
    most = len(support) - 1
    places = (values - support[0]) * (most / (support[-1] - support[0]))
    lower = places.nan_to_num().clamp(0, most - 1).long()  # of a diverged network, still an index
    # From the neighbours as they are rounded, so that probability on the support stays where it is.
    below, above = support[lower], support[lower + 1]
    part = ((values - below) / (above - below)).clamp_(0, 1)
    projected = probability.new_zeros(len(probability), len(support))
    projected.scatter_add_(1, lower, probability * (1 - part))
    return projected.scatter_add_(1, lower + 1, probability * part)


class Categorical:
    """Probabilities of K fixed returns, from logits (C51, Bellemare et al. 2017, arXiv:1707.06887).

    Args:
        size: K, the atoms.
        low: The least return.
        high: The greatest.
        device: Where the networks live.
    """

    def __init__(self, size: int, low: float, high: float, device: torch.device | None = None) -> None:
        self.size = size
        self.support = torch.linspace(low, high, size, device=device)

    def draw_taus(self, _rows: int, _generator: torch.Generator) -> None:
        """Returns none."""

    def mean(self, numbers: Tensor) -> Tensor:
        """Returns values `[B, A]` of logits `[B, A, K]`."""
        return functional.softmax(numbers, dim=2) @ self.support

    def distribution(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the support for every action, and its probabilities."""
        return self.support.expand_as(numbers), functional.softmax(numbers, dim=2)

    def target(self, numbers: Tensor, backup: Backup, reward: Tensor, discount: Tensor) -> Tensor:
        """Returns `Σ_m π_m Project(r + bonus + D (z − penalty_m), p_m)`, `[B, K]` probabilities."""
        probability = functional.softmax(of_actions(numbers, backup.action), dim=2)  # [B, M, K]
        first = (reward + backup.bonus).view(-1, 1, 1)
        following = self.support - backup.penalty.unsqueeze(-1)  # [B, M, K] or [1, K]
        values = (first + discount.view(-1, 1, 1) * following).expand_as(probability)
        weighted = backup.probability.unsqueeze(-1) * probability
        return categorical_projection(values.flatten(1), weighted.flatten(1), self.support)

    def loss(self, numbers: Tensor, target: Tensor, _taus: Tensor | None) -> tuple[Tensor, Tensor]:
        """Returns each row's cross-entropy and divergence, `[B], [B]`."""
        return categorical_loss(numbers, target)


class Quantile:
    """N quantiles of the return: at the midpoints of N equal parts (QR-DQN), or at random levels (IQN).

    Dabney et al. 2018, arXiv:1710.10044, and 2018, arXiv:1806.06923. The value is their mean.

    Args:
        size: N, as many for the target.
        delta: Error up to which the quantile Huber loss is quadratic.
        sampled: Whether the network is given random levels.
        device: Where the networks live.
    """

    def __init__(
        self, size: int, delta: float, *, sampled: bool = False, device: torch.device | None = None
    ) -> None:
        self.size, self._delta, self._sampled = size, delta, sampled
        self.midpoints = (torch.arange(size, device=device).unsqueeze(0) + 0.5) / size  # [1, N]

    def draw_taus(self, rows: int, generator: torch.Generator) -> Tensor | None:
        """Returns levels `[B, N]` from 0 to 1 where they are sampled."""
        if not self._sampled:
            return None
        return torch.rand(rows, self.size, generator=generator, device=generator.device)

    def mean(self, numbers: Tensor) -> Tensor:
        """Returns values `[B, A]` of quantiles `[B, A, N]`."""
        return numbers.mean(2)

    def distribution(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the quantiles, each as probable as any other."""
        return numbers, torch.full_like(numbers, 1 / numbers.shape[2])

    def target(self, numbers: Tensor, backup: Backup, reward: Tensor, discount: Tensor) -> Tensor:
        """Returns `r + bonus + D Σ_m π_m (θ_m − penalty_m)` for each quantile, `[B, N]`."""
        following = of_actions(numbers, backup.action) - backup.penalty.unsqueeze(-1)
        following = (backup.probability.unsqueeze(-1) * following).sum(1)
        return torch.addcmul((reward + backup.bonus).unsqueeze(1), discount.unsqueeze(1), following)

    def loss(self, numbers: Tensor, target: Tensor, taus: Tensor | None) -> tuple[Tensor, Tensor]:
        """Returns each row's quantile Huber loss and the absolute error of its mean, `[B], [B]`."""
        levels = self.midpoints if taus is None else taus
        loss = quantile_huber_loss(numbers, target, levels, self._delta)
        return loss, (numbers.detach().mean(1) - target.mean(1)).abs()
