"""Backups of the next state: greedy, or soft over all actions."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from agents.config.sections import LearningConfig
from agents.learning.shapes import expect


class Backup(NamedTuple):
    """Weights of M of the next state's actions; `[]` is one number for all.

    The backed-up value is `reward + bonus + discount Σ_m probability_m (value_m − penalty_m)`.
    """

    action: Tensor  # [B, M] int64
    probability: Tensor  # [B, M] or []  π(a'|s')
    penalty: Tensor  # [B, M] or []  τ log π(a'|s')
    bonus: Tensor  # [B] or []  α [τ log π(a|s)], clipped


BackupRule = Callable[[Tensor, Callable[[], Tensor], Tensor], Backup]
"""Maps next values `[B, A]`, a call for present ones `[B, A]` and actions taken `[B]` to a backup."""


def greedy(next_q: Tensor, _present: Callable[[], Tensor], _action: Tensor) -> Backup:
    """Back up the action of the highest value, M = 1 (Mnih et al. 2015, doi:10.1038/nature14236, Alg. 1).

    With the online network's values it is Double DQN (van Hasselt et al. 2016, arXiv:1509.06461, eq. 4).
    """
    expect("B A", next_q)
    # Of the values' device: once they have a dimension, scalars of another one cannot be mixed in.
    one, zero = next_q.new_ones(()), next_q.new_zeros(())
    return Backup(next_q.argmax(1, keepdim=True), one, zero, zero)


def munchausen(alpha: float, temperature: float, clip: float) -> BackupRule:
    """Return the softmax backup, M = A, with a bonus for the action's log-policy.

    `π = softmax(q / τ)`; the next state's value is `Σ_a π(a|s') (q(s', a) − τ log π(a|s'))`, the bonus
    `α [τ log π(a|s)]` clipped to `[l₀, 0]` before α, which is `alpha`; τ is the `temperature`, in units of
    value, and l₀ the `clip` (Vieillard et al. 2020, arXiv:2007.14430, eq. 1 and section 3).
    """

    def backup(next_q: Tensor, present: Callable[[], Tensor], action: Tensor) -> Backup:
        present_q = present()
        expect("B A, B A, B", next_q, present_q, action)
        log_policy = functional.log_softmax(next_q / temperature, dim=1)
        present_policy = functional.log_softmax(present_q / temperature, dim=1)
        taken = temperature * present_policy.gather(1, action.unsqueeze(1)).squeeze(1)
        every = torch.arange(next_q.shape[1], device=next_q.device).expand_as(next_q)
        return Backup(every, log_policy.exp(), temperature * log_policy, alpha * taken.clamp(clip, 0.0))

    return backup


BACKUPS: dict[str, Callable[[LearningConfig], BackupRule]] = {
    "greedy": lambda _: greedy,
    "munchausen": lambda s: munchausen(s.munchausen_alpha, s.munchausen_tau, s.munchausen_clip),
}
