"""From `EnvConfig` to a `VectorEnv`; the only place that orders wrappers."""

from collections.abc import Sequence
from pkgutil import resolve_name
from typing import Any

import gymnasium as gym
from gymnasium.wrappers import RepeatAction, TimeLimit

from envs.config import ConfigError, EnvConfig
from envs.families import family_of
from envs.families.family import RENDERED_IMAGES
from envs.registry import find_spec
from envs.vector import SerialVectorEnv, VectorEnv
from envs.wrappers import FrameStackObservation, state_vectors


def make_env(config: EnvConfig, *, screen: bool = False, max_steps: int | None = None) -> gym.Env[Any, Any]:
    """Make one environment, observed as configured.

    With `screen`, `render()` works too, for recording. An episode is truncated after `max_steps` agent
    steps if the environment has no time limit of its own.

    Raises:
        ConfigError: unknown id, continuous actions, nothing to render, a missing package.
    """
    spec, family, pixels = find_spec(config.id), family_of(config.id), config.obs == "pixels"
    try:
        drawn = screen or (pixels and family.images == RENDERED_IMAGES)
        env: gym.Env[Any, Any] = resolve_name(family.make)(config, drawn)
    except (gym.error.DependencyNotInstalled, ModuleNotFoundError) as error:
        raise ConfigError(f"{config.id} needs a package that is missing: {error}") from error
    if not isinstance(env.action_space, gym.spaces.Discrete):
        raise ConfigError(
            f"{config.id} has continuous actions ({env.action_space}); DQN needs discrete ones: "
            "choose an environment such as CartPole-v1."
        )
    if config.action_repeat > 1:
        env = RepeatAction(env, config.action_repeat)
    if max_steps is not None and spec.max_episode_steps is None and not family.has_time_limit:
        env = TimeLimit(env, max_steps)
    if not pixels:
        env = state_vectors(env)
        return FrameStackObservation(env, config.stack) if config.stack > 1 else env
    if family.images is not None:
        env = resolve_name(family.images)(env, config)
    return FrameStackObservation(env, config.stack)


def can_be_drawn(config: EnvConfig) -> bool:
    """Whether an episode of this environment can be recorded."""
    try:
        make_env(config, screen=True).close()
    except ConfigError:
        return False
    return True


def make_vector_env(config: EnvConfig, seeds: Sequence[int], *, max_steps: int | None = None) -> VectorEnv:
    """Make one environment for each seed, behind the façade.

    Raises:
        ConfigError: as `make_env`, or the native back-end is required and cannot be used.
    """
    make_native = family_of(config.id).make_vector
    native: VectorEnv | None = resolve_name(make_native)(config, seeds) if make_native else None
    if native is not None:
        return native
    envs = [make_env(config, max_steps=max_steps) for _ in seeds]
    return SerialVectorEnv(envs, seeds, zero_discount_on_life_loss=config.zero_discount_on_life_loss)
