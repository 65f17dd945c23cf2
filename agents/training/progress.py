"""How far a run has come, and what happened lately."""

from dataclasses import dataclass, field

import torch


@dataclass
class Progress:
    """How far a run has come; saved with it."""

    env_steps: int = 0
    updates: int = 0
    episodes: int = 0
    target_copies: int = 0
    logged_at: int = 0  # agent steps at the newest log entry
    evaluated_at: int = 0  # agent steps at the newest evaluation
    train_seconds: float = 0.0  # play, learning, logs; evaluation and saving stand apart
    eval_seconds: float = 0.0
    best_mean: float = float("-inf")
    reached_threshold: float | None = None  # the reward threshold that was reached, and when
    steps_to_solve: int | None = None
    seconds_to_solve: float | None = None
    last_return: float = float("nan")  # mean over the episodes of the newest log entry that has any
    last_episodes: int = 0  # how many they were
    last_eval: float = float("nan")


@dataclass
class Window:
    """What happened since the last log entry."""

    updates: int = 0
    loss: float | torch.Tensor = 0.0
    q: float | torch.Tensor = 0.0
    env_steps: int = 0
    seconds: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(("act", "env", "memory", "learn"), 0.0)
    )
