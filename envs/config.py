"""What an environment should look like, as data."""

from dataclasses import dataclass, field
from typing import Literal

from envs.protocols import ProtocolName

ATARI_FIELDS = (
    "protocol",
    "frame_skip",
    "repeat_action_probability",
    "noop_max",
    "fire",
    "zero_discount_on_life_loss",
    "full_action_space",
    "max_frames",
    "mode",
    "difficulty",
    "backend",
    "threads",
)
"""Fields of `EnvConfig` that are for Atari games only."""


class ConfigError(ValueError):
    """A wish that cannot be met; its text is one sentence for the user that names the fix."""


def require_at_least(least: int, section: str, config: object, *names: str) -> None:
    """Raises `ConfigError` where one of the named fields of a section is below `least`."""
    for name in names:
        value = getattr(config, name)
        if value < least:
            option = name.replace("_", "-")
            raise ConfigError(f"--{section}.{option} is {value}; give {least} or more.")


@dataclass(frozen=True, kw_only=True)
class EnvConfig:
    """The environment and the way it is observed."""

    id: str = field(default="CartPole-v1", metadata={"asked_as": "--env"})
    """Gymnasium id of an environment with discrete actions."""

    obs: Literal["pixels", "state"] = field(default="pixels", metadata={"asked_as": "--obs"})
    """What the agent sees: rendered images only, or the state vector."""

    num_envs: int = 8
    """Environments stepped together."""

    crop: tuple[int, int, int, int] | None = None
    """Part of the image that is kept: top, bottom, left, right in pixels; None keeps all."""

    size: tuple[int, int] = (84, 84)
    """Height and width of the gray image, in pixels."""

    frame_stack: int = 4
    """Newest images seen at once."""

    protocol: ProtocolName = "none"
    """Atari: the published rules that fix the fields below; none leaves each free."""

    action_repeat: int = 1
    """Steps of the environment that each action is held, with their rewards added up; Atari games have
    frame_skip in its place."""

    frame_skip: int = 4
    """Atari: frames an action is held; the newest two are pooled."""

    repeat_action_probability: float = 0.0
    """Atari: probability that a frame repeats the action before (Machado et al. 2018)."""

    noop_max: int = 0
    """Atari: a game starts with 1 to this many frames of doing nothing; 0: none."""

    fire: bool = False
    """Atari: press FIRE when a game starts and after a lost life, in games that wait for it."""

    zero_discount_on_life_loss: bool = False
    """Atari: no value follows a lost life; the game goes on."""

    full_action_space: bool = False
    """Atari: all 18 actions, not only those the game uses."""

    max_frames: int = 108_000
    """Atari: frames after which a game is truncated; 108,000 are 30 minutes."""

    mode: int | None = None
    """Atari: variant of the game; None: its first."""

    difficulty: int | None = None
    """Atari: difficulty switch; None: its first."""

    backend: Literal["auto", "python", "native"] = "auto"
    """Atari: who steps the emulators. native: ale-py's threads, faster, but an interrupted game cannot be
    gone on with; python: exact resuming, of all games but Miniature Golf; auto: native where the settings
    allow it."""

    threads: int = 0
    """Atari: threads of the native back-end; 0: one per core."""

    def __post_init__(self) -> None:
        require_at_least(
            1, "env", self, "num_envs", "frame_stack", "action_repeat", "frame_skip", "max_frames"
        )
        require_at_least(0, "env", self, "noop_max", "threads")
        if self.max_frames <= self.noop_max:
            raise ConfigError(
                f"--env.max-frames is {self.max_frames}; give more than --env.noop-max ({self.noop_max})."
            )
        if not 0 <= self.repeat_action_probability <= 1:
            raise ConfigError(
                f"--env.repeat-action-probability is {self.repeat_action_probability}; give a probability, "
                "0 to 1."
            )
        if min(self.size) < 1:
            raise ConfigError(f"--env.size is {self.size}; give a height and a width of 1 or more.")
        if self.crop is not None:
            top, bottom, left, right = self.crop
            if not (0 <= top < bottom and 0 <= left < right):
                raise ConfigError(
                    f"--env.crop is {self.crop}; give top < bottom and left < right, from 0 up."
                )
