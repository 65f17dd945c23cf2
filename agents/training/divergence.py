"""When a run's numbers have left all bounds."""

from agents.config import Config, ConfigError

LARGEST = 1e15
"""No return is near it, and what a diverging network says is soon beyond it."""


def diverged(config: Config, env_steps: int) -> ConfigError:
    """Returns the sentence that ends a run which has diverged."""
    return ConfigError(
        f"Training has diverged: after {env_steps:,} steps its losses or values are beyond all bounds. "
        f"Lower --learning.learning-rate ({config.learning.learning_rate:g}) or set "
        "--learning.max-grad-norm, in another --run-dir; what was saved before is kept."
    )


def refuse_divergence(config: Config, env_steps: int, *values: float) -> None:
    """Raises `ConfigError` where one of a run's losses or values is no number, or an absurd one."""
    if not all(abs(value) < LARGEST for value in values):
        raise diverged(config, env_steps)
