"""What an environment should look like, as data."""

from dataclasses import dataclass
from typing import Literal


class ConfigError(ValueError):
    """A wish that cannot be met; its text is one sentence for the user that names the fix."""


@dataclass(frozen=True, kw_only=True)
class EnvConfig:
    """The environment and the way it is observed."""

    id: str = "CartPole-v1"
    """Gymnasium id of an environment with discrete actions."""

    obs: Literal["pixels", "state"] = "pixels"
    """What the agent sees: rendered pictures only, or the state vector."""

    num_envs: int = 8
    """Environments stepped together."""

    crop: tuple[int, int, int, int] | None = None
    """Part of the picture that is kept: top, bottom, left, right in pixels; None keeps all."""

    size: tuple[int, int] = (84, 84)
    """Height and width of the gray picture, in pixels."""

    stack: int = 4
    """Newest pictures seen at once."""

    def __post_init__(self) -> None:
        if self.num_envs < 1:
            raise ConfigError(f"--env.num-envs is {self.num_envs}; it must be 1 or more.")
        if self.stack < 1:
            raise ConfigError(f"--env.stack is {self.stack}; it must be 1 or more.")
        if min(self.size) < 1:
            raise ConfigError(f"--env.size is {self.size}; give a height and a width of 1 or more.")
        if self.crop is not None:
            top, bottom, left, right = self.crop
            if not (0 <= top < bottom and 0 <= left < right):
                raise ConfigError(
                    f"--env.crop is {self.crop}; give top < bottom and left < right, from 0 up."
                )
