"""Detection of divergence."""

from agents.config import Config, ConfigError


def diverged(config: Config, env_steps: int) -> ConfigError:
    """Return the error that ends a diverged run."""
    return ConfigError(
        f"Training has diverged: after {env_steps:,} steps its losses or values are beyond all bounds. "
        f"Lower --learning.learning-rate ({config.learning.learning_rate:g}) or set "
        "--learning.max-grad-norm, in another --run-dir; what was saved before is kept."
    )


def check_finite(config: Config, env_steps: int, *values: float) -> None:
    """Raise `ConfigError` if a loss or a value is not finite, or absurdly large."""
    if not all(abs(value) < 1e15 for value in values):  # far above any return
        raise diverged(config, env_steps)
