"""Old names: read in run folders, refused on the command line with the present name."""

from collections.abc import Mapping
from typing import Any

RENAMED = {
    "stop_score": "reward_threshold",
    "env.sticky": "env.repeat_action_probability",
    "env.full_actions": "env.full_action_space",
    "env.stack": "env.frame_stack",
    "env.life_loss": "env.zero_discount_on_life_loss",
    "learning.gamma": "returns.gamma",
    "learning.n_step": "returns.n_step",
    "learning.tau": "target.tau",
    "learning.average": "learning.ema_rate",
    "learning.atoms": "learning.num_atoms",
    "learning.quantiles": "learning.num_quantiles",
    "learning.bootstrap": "learning.backup",
    "learning.munchausen_least": "learning.munchausen_clip",
    "memory.priority": "memory.priority_exponent",
    "memory.beta": "memory.importance_sampling_exponent",
    "memory.window": "memory.num_steps",
    "memory.trace": "returns.td_lambda",
    "memory.epochs": "memory.update_epochs",
    "memory.clip_reward": "returns.clip_reward",
    "schedule.epsilon_start": "exploration.epsilon_start",
    "schedule.epsilon_end": "exploration.epsilon_end",
    "schedule.epsilon_duration": "exploration.epsilon_decay_steps",
    "schedule.learn_start": "schedule.learning_starts",
    "schedule.learn_every": "schedule.train_frequency",
    "schedule.updates": "schedule.gradient_steps",
    "schedule.target_every": "target.update_period",
    "evaluation.film_frames": "evaluation.video_frames",
    # Of summaries and of other scripts' options.
    "solved_mark": "reached_threshold",
    "threshold": "reward_threshold",
    "plays": "videos",
}
"""New names by old ones, dotted as in `returns.n_step`."""

SPLIT = {"learning.value_range": ("learning.v_min", "learning.v_max")}
"""Fields of several values, and the fields that each value is now."""

VALUES = {"learning.value": {"expected": "scalar", "implicit": "iqn"}}
"""New values by old ones, by field."""


def updated(flat: Mapping[str, object]) -> dict[str, Any]:
    """Return values under the present dotted names of their fields.

    Example:
        >>> updated({"learning.atoms": 51, "learning.value_range": [0, 1], "learning.value": "implicit"})
        {'learning.num_atoms': 51, 'learning.v_min': 0, 'learning.v_max': 1, 'learning.value': 'iqn'}
    """
    present: dict[str, Any] = {}
    for name, value in flat.items():
        if name in SPLIT and isinstance(value, (list, tuple)) and len(value) == len(SPLIT[name]):
            present |= zip(SPLIT[name], value, strict=True)
            continue
        if isinstance(value, str):
            value = VALUES.get(name, {}).get(value, value)
        present[RENAMED.get(name, name)] = value
    return present


def present_names(name: str) -> tuple[str, ...]:
    """Return the present names of an old field; none for others.

    Example:
        >>> present_names("learning.value_range"), present_names("returns.n_step")
        (('learning.v_min', 'learning.v_max'), ())
    """
    return SPLIT.get(name) or ((RENAMED[name],) if name in RENAMED else ())
