"""The configuration of a run as frozen data, and the presets it starts from.

`config.py` puts the sections together (`sections.py`, and those of `envs` and `models`) and checks what
they ask of each other. A preset (`presets.py`) is a list of parts of the DQN family (`family.py`) or a
recipe of its own (`recipes.py`). `bounds.py` and `kinds.py` hold what values may be, `idle.py` which of
them decide nothing.
"""

from agents.config.config import (
    Config,
    ConfigError,
    EnvConfig,
    EvaluationConfig,
    ExplorationConfig,
    LearningConfig,
    MemoryConfig,
    NetworkConfig,
    ReturnsConfig,
    ScheduleConfig,
    TargetConfig,
    flatten,
    from_dict,
    to_dict,
)

__all__ = [
    "Config",
    "ConfigError",
    "EnvConfig",
    "EvaluationConfig",
    "ExplorationConfig",
    "LearningConfig",
    "MemoryConfig",
    "NetworkConfig",
    "ReturnsConfig",
    "ScheduleConfig",
    "TargetConfig",
    "flatten",
    "from_dict",
    "to_dict",
]
