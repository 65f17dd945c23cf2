"""The type passed from memory to learner."""

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """Transitions over up to n steps, with γ, termination and truncation folded in."""

    observation: Tensor  # [B, *obs] uint8 or float32
    action: Tensor  # [B] int64
    reward: Tensor  # [B] float32  sum of γ^i r_i over k steps, stopped by termination
    discount: Tensor  # [B] float32  γ^k; 0 where nothing may be bootstrapped
    next_observation: Tensor  # [B, *obs]  k steps later, k <= n
    weight: Tensor  # [B] float32  importance weight; ones when drawn uniformly
    indices: Tensor  # [B] int64  for `Memory.update_priorities`
