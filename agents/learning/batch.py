"""The one type that crosses from the memory to the learner."""

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """Transitions over up to n steps, with γ, n, ends and truncations already folded in."""

    observation: Tensor  # [B, *obs] uint8 or float32
    action: Tensor  # [B] int64
    reward: Tensor  # [B] float32  sum of γ^i r_i over the window, stopped by termination
    discount: Tensor  # [B] float32  γ^k; 0 where nothing may be bootstrapped
    next_observation: Tensor  # [B, *obs]  k steps later, k <= n
    weight: Tensor  # [B] float32  importance weight; ones when drawn uniformly
    indices: Tensor  # [B] int64  tells the memory where priorities belong
