"""Description of an environment as configured, for all that is built before it or without it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import gymnasium as gym
import numpy as np

from envs.config import EnvConfig
from envs.factory import make_env
from envs.families import family_of
from envs.registry import find_spec
from envs.wrappers import FrameStackObservation


@dataclass(frozen=True, kw_only=True)
class EnvSpec:
    """Shapes, names and limits of an environment."""

    observation_shape: tuple[int, ...]
    """`[S * planes, H, W]` for images, `[S * D]` for state vectors."""

    dtype: np.dtype[Any]

    frame_stack: int
    """S, frames in an observation along its first axis, newest last."""

    num_actions: int

    action_names: tuple[str, ...]
    """The environment's own, its family's, or numbers."""

    variable_names: tuple[str, ...]
    """Of a state vector: its family's, or numbers; of images none."""

    reward_threshold: float | None
    """Mean return at which the environment counts as solved."""

    has_time_limit: bool
    """Whether the environment truncates episodes by itself."""

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape of one frame: `[planes, H, W]`, or `[D]`."""
        planes, *rest = self.observation_shape
        return (planes // self.frame_stack, *rest)


def describe(config: EnvConfig) -> EnvSpec:
    """Return the description of an environment; for each configuration one is made, once.

    Raises:
        ConfigError: as `make_env`.
    """
    return _describe(config, find_spec(config.id).entry_point)  # type: ignore[arg-type]


@lru_cache
def _describe(config: EnvConfig, entry_point: object) -> EnvSpec:  # noqa: ARG001  an id may get another
    family, registered = family_of(config.id), find_spec(config.id)
    env = make_env(config)
    space, actions = env.observation_space, env.action_space
    assert isinstance(space, gym.spaces.Box) and isinstance(actions, gym.spaces.Discrete)
    own = getattr(env.unwrapped, "get_action_meanings", tuple)
    stack = env.stack_size if isinstance(env, FrameStackObservation) else 1
    size = space.shape[0] // stack if len(space.shape) == 1 else 0
    names = _names(family.variable_names, size, "variable")
    ages = [f" {age} steps before" for age in range(stack - 1, 0, -1)]
    spec = EnvSpec(
        observation_shape=space.shape,
        dtype=np.dtype(space.dtype),
        frame_stack=stack,
        num_actions=int(actions.n),
        action_names=_names(tuple(own()) or family.action_names, int(actions.n), "action"),
        variable_names=tuple(name + age for age in [*ages, ""] for name in names),
        reward_threshold=registered.reward_threshold,
        has_time_limit=family.has_time_limit or registered.max_episode_steps is not None,
    )
    env.close()
    return spec


def _names(names: tuple[str, ...], count: int, kind: str) -> tuple[str, ...]:
    return names if len(names) == count else tuple(f"{kind} {i}" for i in range(count))
