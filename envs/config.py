"""An environment as data, and bounds of configured numbers."""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from envs.protocols import ProtocolName

Observation = Literal["pixels", "state"]
Number = TypeVar("Number", int, float, int | None, float | None, tuple[int, int])

LARGEST_SEED = 2**63 - 1


class ConfigError(ValueError):
    """An impossible request; its text tells the user the fix."""


def number(
    default: Number, least: float = -math.inf, most: float = math.inf, *, above: bool = False
) -> Number:
    """Declare a field with its bounds, for `check_bounds`.

    They hold for each member of a tuple; `above` excludes `least` itself.
    """
    return field(default=default, metadata={"bounds": (least, most), "above": above})


def count(default: Number, least: int = 0, most: int = 10**12) -> Number:
    """Declare a field that counts, bounded against typing slips."""
    return number(default, least, most)


def check_bounds(config: object, section: str = "") -> None:
    """Check the numbers of a dataclass against their declared bounds.

    Raises:
        ConfigError: a number is not finite or out of bounds.
    """
    for item in dataclasses.fields(config):  # type: ignore[arg-type]
        value = getattr(config, item.name)
        numbers = value if isinstance(value, tuple) else (value,)
        if not all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in numbers):
            continue
        least, most = item.metadata.get("bounds", (-math.inf, math.inf))
        if fix := _fix(numbers, least, most, above=item.metadata.get("above", False)):
            or_none = ", or None" if item.default is None else ""
            name = (f"{section}.{item.name}" if section else item.name).replace("_", "-")
            raise ConfigError(f"--{name} is {' '.join(map(str, numbers))}; give {fix}{or_none}.")


def _fix(numbers: tuple[float, ...], least: float, most: float, *, above: bool) -> str:
    """Return values to give instead, in words; nothing within bounds."""
    if not all(-math.inf < number < math.inf for number in numbers):  # `isfinite` overflows on large ints
        return "a number"
    low = min(numbers, default=least) < least or (above and least in numbers)
    high = max(numbers, default=most) > most
    if (low or high) and most <= 1:
        return f"{least:g} to {most:g}"
    if low:
        return f"a number above {least:g}" if above else f"{least:g} or more"
    return f"{most:.0f} or less" if high else ""


@dataclass(frozen=True, kw_only=True)
class EnvConfig:
    """The environment and its observations."""

    id: str = field(default="CartPole-v1", metadata={"asked_as": "--env"})
    """Gymnasium id of an environment with discrete actions."""

    obs: Observation = field(default="pixels", metadata={"asked_as": "--obs"})
    """Observations: rendered images, or the state vector; that of an Atari game is the console's RAM."""

    num_envs: int = count(8, 1, 10_000)
    """Environments stepped in parallel while training."""

    crop: tuple[int, int, int, int] | None = field(default=None, metadata={"bounds": (0, 100_000)})
    """Region of the image to keep: top, bottom, left, right in pixels; None: all of it."""

    size: tuple[int, int] = number((84, 84), 1, 4_096)
    """Height and width of the image, in pixels."""

    frame_stack: int = count(4, 1, 256)
    """Most recent images stacked into one observation."""

    state_stack: int = count(1, 1, 256)
    """Most recent state vectors stacked into one observation."""

    protocol: ProtocolName = "none"
    """Atari: published evaluation protocol that fixes the fields below; none: each is free."""

    action_repeat: int = count(1, 1, 10_000)
    """Environment steps per action, with their rewards summed; Atari games have frame_skip in its
    place."""

    frame_skip: int = count(4, 1, 10_000)
    """Atari: frames per action; the last two are max-pooled."""

    repeat_action_probability: float = number(0.0, 0, 1)
    """Atari: probability that a frame repeats the previous action (sticky actions, Machado et al. 2018)."""

    noop_max: int = count(0)
    """Atari: a game starts with 1 to this many no-op frames; 0: none."""

    fire: bool = False
    """Atari: FIRE takes the place of the first action of every life, in games that wait for it."""

    zero_discount_on_life_loss: bool = False
    """Atari: do not bootstrap across a lost life; the game continues."""

    full_action_space: bool = False
    """Atari: use all 18 actions instead of the game's minimal set."""

    max_frames: int = count(108_000, 1)
    """Atari: frames after which a game is truncated; 108,000 are 30 minutes."""

    mode: int | None = count(None)
    """Atari: game mode; None: the game's first."""

    difficulty: int | None = count(None)
    """Atari: difficulty switch; None: the game's first."""

    backend: Literal["auto", "python", "native"] = "auto"
    """Atari: implementation that steps the emulators. native: ale-py's threads, faster, but an
    interrupted game cannot be resumed; python: resumes exactly, except Miniature Golf; auto: native if the
    settings allow it."""

    threads: int = count(0, 0, 1_024)
    """Atari: threads of the native backend; 0: OMP_NUM_THREADS or one per core."""

    def __post_init__(self) -> None:
        check_bounds(self, "env")
        if self.max_frames <= self.noop_max:
            raise ConfigError(
                f"--env.max-frames is {self.max_frames}; give more than --env.noop-max ({self.noop_max})."
            )
        if self.crop is not None:
            top, bottom, left, right = self.crop
            if not (top < bottom and left < right):
                raise ConfigError(
                    f"--env.crop is {top} {bottom} {left} {right}; give top < bottom and left < right."
                )

    @property
    def stack(self) -> int:
        """Frames in one observation, whether images or state vectors."""
        return self.frame_stack if self.obs == "pixels" else self.state_stack


_GENERAL_FIELDS = ("id", "obs", "num_envs", "crop", "size", "frame_stack", "state_stack", "action_repeat")
ATARI_FIELDS = tuple(f.name for f in dataclasses.fields(EnvConfig) if f.name not in _GENERAL_FIELDS)
"""Fields of `EnvConfig` that apply to Atari games only."""
