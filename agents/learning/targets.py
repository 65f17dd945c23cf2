"""Targets and losses of Q-learning: pure functions, one number a row."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Loss = Callable[[Tensor, Tensor], Tensor]


def huber_loss(value: Tensor, target: Tensor, delta: float = 1.0) -> Tensor:
    """Huber loss: `[B], [B] -> [B]`; with delta 1 it is the smooth L1 loss.

    Half the squared error within delta, `delta (|error| - delta / 2)` beyond (Huber 1964,
    doi:10.1214/aoms/1177703732).
    """
    return functional.huber_loss(value, target, reduction="none", delta=delta)


def squared_loss(value: Tensor, target: Tensor) -> Tensor:
    """Half the squared error: `[B], [B] -> [B]`."""
    return 0.5 * functional.mse_loss(value, target, reduction="none")


def q_target(target_q: Tensor, chooser_q: Tensor, reward: Tensor, discount: Tensor) -> Tensor:
    """The bootstrapped return `r + γ^k Q_target(s', argmax_a Q_chooser(s', a))`.

    With the target network as chooser this is DQN (Mnih et al. 2015, doi:10.1038/nature14236,
    Alg. 1); with the online network it is Double DQN (van Hasselt et al. 2016, arXiv:1509.06461,
    eq. 4).

    Args:
        target_q: `[B, A]` the target network's values of the next observation.
        chooser_q: `[B, A]` the values that choose the next action.
        reward: `[B]` sum of discounted rewards up to the next observation.
        discount: `[B]` what multiplies the bootstrap; 0 after a true end.

    Returns:
        `[B]`.
    """
    chosen = chooser_q.argmax(dim=1, keepdim=True)
    return torch.addcmul(reward, discount, target_q.gather(1, chosen).squeeze(1))
