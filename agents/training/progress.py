"""Counters of a run and of the time since the last log entry."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

Report = Callable[[str], None]
"""Called often, with the name of a stage other than training, or an empty string."""


@dataclass
class Progress:
    """The counters of a run, saved with it."""

    env_steps: int = 0
    updates: int = 0
    episodes: int = 0
    target_copies: int = 0
    logged_at: int = 0  # agent steps at the last log entry
    evaluated_at: int = 0  # agent steps at the last evaluation
    best_mean: float = float("-inf")
    reached_threshold: float | None = None  # the reward threshold that was confirmed
    steps_to_solve: int | None = None
    seconds_to_solve: float | None = None
    last_return: float = float("nan")  # mean over the episodes of the last log entry with any
    last_episodes: int = 0  # number of these episodes
    last_greedy: float = float("nan")  # mean return of the newest greedy evaluation


@dataclass
class Interval:
    """Sums since the last log entry."""

    env_steps: int = 0
    updates: int = 0
    loss: float | torch.Tensor = 0.0
    q: float | torch.Tensor = 0.0
