"""How the next state is backed up: by its best action, or softly by all of them."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


class Backup(NamedTuple):
    """A weighted choice among M of the next state's actions; `[]` stands for the same number everywhere.

    The backed-up value is `reward + bonus + discount Σ_m probability_m (value_m − penalty_m)`.
    """

    action: Tensor  # [B, M] int64
    probability: Tensor  # [B, M] or []  π(a'|s')
    penalty: Tensor  # [B, M] or []  τ log π(a'|s')
    bonus: Tensor  # [B] or []  α [τ log π(a|s)], clipped


BackupRule = Callable[[Tensor, Callable[[], Tensor], Tensor], Backup]
"""Maps values of the next actions `[B, A]`, a call that gives values of the present ones `[B, A]`, and the
actions taken `[B]` to a backup."""


class Greedy:
    """The action of the highest value (Mnih et al. 2015, doi:10.1038/nature14236, Alg. 1).

    With the values of the online network it is Double DQN (van Hasselt et al. 2016, arXiv:1509.06461,
    eq. 4).
    """

    def __call__(self, next_q: Tensor, _present: Callable[[], Tensor], _action: Tensor) -> Backup:
        """Returns the backup with M = 1."""
        # Of the values' device: once they have a dimension, scalars of another one cannot be mixed in.
        one, zero = next_q.new_ones(()), next_q.new_zeros(())
        return Backup(next_q.argmax(1, keepdim=True), one, zero, zero)


class Munchausen:
    """All actions as a softmax policy weighs them, and a bonus for what that policy would have done.

    `π = softmax(q / τ)`; the next state's value is `Σ_a π(a|s') (q(s', a) − τ log π(a|s'))`, the bonus
    `α [τ log π(a|s)]` clipped to `[l₀, 0]` (Vieillard et al. 2020, arXiv:2007.14430, eq. 1 and section 3).

    Args:
        alpha: α, the bonus's share.
        temperature: τ, in units of value.
        least: l₀, where the bonus is clipped before α.
    """

    def __init__(self, alpha: float, temperature: float, least: float) -> None:
        self._alpha, self._temperature, self._least = alpha, temperature, least

    def __call__(self, next_q: Tensor, present: Callable[[], Tensor], action: Tensor) -> Backup:
        """Returns the backup with M = A."""
        log_policy = functional.log_softmax(next_q / self._temperature, dim=1)
        now = functional.log_softmax(present() / self._temperature, dim=1)
        taken = self._temperature * now.gather(1, action.unsqueeze(1)).squeeze(1)
        every = torch.arange(next_q.shape[1], device=next_q.device).expand_as(next_q)
        bonus = self._alpha * taken.clamp(self._least, 0.0)
        return Backup(every, log_policy.exp(), self._temperature * log_policy, bonus)
