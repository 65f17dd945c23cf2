"""The type of an environment family.

Functions that make environments are named as in Gymnasium's `EnvSpec`, `module:function`, so that Gymnasium
and emulators are imported when an environment is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gymnasium as gym
    import numpy as np
    from numpy.typing import NDArray


RENDERED_IMAGES = "envs.wrappers:rendered_images"


@dataclass(frozen=True, kw_only=True)
class Simulator:
    """Access to the true state of a simulator, for probes."""

    names: tuple[str, ...]
    """Names of the V state variables."""

    read: Callable[[gym.Env[Any, Any]], NDArray[np.float64]]
    """Return the true state `[V]` in the simulator's units."""

    randomize: Callable[[gym.Env[Any, Any], np.random.Generator], object] | None = None
    """Put the simulator into a random state; None: its states come from play only.

    In play, positions and velocities are correlated: a pole far from upright is falling fast. In random
    states one tells nothing of the other."""

    pooled: str | None = None
    """Name for the mean over all variables, reported in place of each; None: each is reported."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Environments of one kind: how they are made, observed, saved and described."""

    name: str
    """Its name, by which presets ask for it."""

    pattern: str
    """Regular expression for the start of its ids."""

    make: str = "envs.registry:make_registered"
    """`(config, drawn) -> Env` with its own observations; `drawn` asks for a working `render()`."""

    images: str | None = RENDERED_IMAGES
    """`(env, config) -> Env` that observes a `uint8` frame, `[H, W]` or `[planes, H, W]`; None: as made."""

    make_vector: str | None = None
    """`(config, seeds) -> VectorEnv`, stepped natively, or None where the settings do not allow it."""

    has_time_limit: bool = False
    """Whether episodes are truncated without a registered `max_episode_steps`."""

    video_size: tuple[int, int] = (80, 120)
    """Height and width of the screen in videos of evaluations from the state, in pixels."""

    attributes: tuple[str, ...] = ()
    """Attributes of the unwrapped environment that determine its future, if a few suffice to resume."""

    action_names: tuple[str, ...] = ()
    """Names of the actions, from Gymnasium's documentation."""

    variable_names: tuple[str, ...] = ()
    """Names of the entries of a state vector, from Gymnasium's documentation."""

    simulator: Simulator | None = None
    """Its true state, where the images are fast enough to probe for it."""

    reference_scores: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Published scores of a random player and of a human, by the name in the id, in lower case."""
