"""Losses of Q-learning: pure functions, one number per row."""

import torch
from torch import Tensor
from torch.nn import functional

from agents.learning.shapes import expect


def huber_loss(value: Tensor, target: Tensor, delta: float = 1.0) -> Tensor:
    """Huber loss: `[B], [B] -> [B]`; with delta 1 it is the smooth L1 loss.

    Half the squared error within delta, `delta (|error| - delta / 2)` beyond (Huber 1964,
    doi:10.1214/aoms/1177703732).
    """
    expect("B, B", value, target)
    return functional.huber_loss(value, target, reduction="none", delta=delta)


def squared_loss(value: Tensor, target: Tensor) -> Tensor:
    """Half the squared error: `[B], [B] -> [B]`."""
    expect("B, B", value, target)
    return 0.5 * functional.mse_loss(value, target, reduction="none")


def quantile_huber_loss(quantiles: Tensor, target: Tensor, taus: Tensor, delta: float = 1.0) -> Tensor:
    """Quantile Huber loss: `[B, N], [B, M], [B or 1, N] -> [B]`.

    `Σ_i mean_j |τ_i − 1{u_ij < 0}| L_δ(u_ij) / δ` with `u_ij = target_j − quantile_i`, as in IQN (Dabney et
    al. 2018, arXiv:1806.06923, eq. 3). QR-DQN (arXiv:1710.10044, eq. 10) does not divide by δ.
    """
    expect("B N, B M, * N", quantiles, target, taus)
    error = target.unsqueeze(1) - quantiles.unsqueeze(2)  # [B, N, M]
    size = functional.huber_loss(error, error.new_zeros(()).expand_as(error), reduction="none", delta=delta)
    side = (taus.unsqueeze(2) - (error.detach() < 0).float()).abs()
    return (side * size).mean(2).sum(1) / delta


def categorical_loss(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy and Kullback-Leibler divergence: `[B, K], [B, K] -> [B], [B]`.

    Their gradients are the same; the divergence is 0 where the distributions agree (Bellemare et al. 2017,
    arXiv:1707.06887, Alg. 1).
    """
    expect("B K, B K", logits, target)
    cross_entropy = -(target * functional.log_softmax(logits, dim=1)).sum(1)
    return cross_entropy, cross_entropy.detach() + torch.xlogy(target, target).sum(1)
