"""Bounds of a configuration's numbers: a slip of the pen must not fill a machine."""

import math
from collections.abc import Mapping
from typing import Any

from envs.config import ConfigError

COUNTS = (0, 10**12)
BOUNDS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**63 - 1),
    "steps": (1, 10**12),
    "reward_threshold": (-math.inf, math.inf),
    "log_every": (1, 10**12),
    "threads": (0, 1_024),
    "checkpoint_seconds": (0, math.inf),
    "env.num_envs": (1, 10_000),
    "env.size": (1, 4_096),
    "env.crop": (0, 100_000),
    "env.frame_stack": (1, 256),
    "env.action_repeat": (1, 10_000),
    "env.frame_skip": (1, 10_000),
    "env.threads": (0, 1_024),
    "network.hidden": (1, 65_536),
    "network.zero_level": (0, 255),
    "network.noisy": (0, math.inf),
    "network.width": (1, 64),
    "network.pool": (0, 1_024),
    "returns.n_step": (1, 10_000),
    "learning.num_atoms": (2, 100_000),
    "learning.num_quantiles": (1, 10_000),
    "learning.v_min": (-math.inf, math.inf),
    "learning.v_max": (-math.inf, math.inf),
    "learning.munchausen_clip": (-math.inf, math.inf),
    "learning.batch_size": (1, 1_000_000),
    "learning.shift": (0, 4_096),
    "memory.num_steps": (1, 1_000_000),
    "memory.update_epochs": (1, 10_000),
    "schedule.gradient_steps": (1, 1_000_000),
    "evaluation.num_envs": (1, 10_000),
    "evaluation.video_frames": (0, 100_000),
    "evaluation.probe_samples": (0, 1_000_000),
}
"""Least and greatest value, by dotted name; of a tuple, of each of its members."""


def check_bounds(values: Mapping[str, Any]) -> None:
    """Checks fields under dotted names.

    Raises:
        ConfigError: a number is not finite, or beyond its bounds.
    """
    for name, value in values.items():
        option = f"--{name.replace('_', '-')}"
        numbers = value if isinstance(value, tuple) else (value,)
        shown = " ".join(map(str, numbers))
        for number in numbers:
            if isinstance(number, (str, bool)) or number is None:
                continue
            if not -math.inf < number < math.inf:  # `isfinite` cannot take whole numbers beyond floats
                raise ConfigError(f"{option} is {shown}; give a number.")
            default = COUNTS if isinstance(number, int) else (-math.inf, math.inf)
            least, most = BOUNDS.get(name, default)
            if number < least:
                raise ConfigError(f"{option} is {shown}; give {least:g} or more.")
            if number > most:
                raise ConfigError(f"{option} is {shown}; give {int(most)} or less.")
