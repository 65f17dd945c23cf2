"""From `EnvConfig` to a `VectorEnv`; the only place that orders wrappers."""

import difflib
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.classic_control.cartpole import CartPoleEnv
from gymnasium.wrappers import DtypeObservation, FlattenObservation

from envs.cartpole import CartPolePixels
from envs.config import ConfigError, EnvConfig
from envs.vector import VectorEnv
from envs.wrappers import Crop, FrameStack, Grayscale, RenderObservation, Resize

PROBE_STEPS = 30


def find_spec(env_id: str) -> gym.envs.registration.EnvSpec:
    """Returns the registered environment of that id, or raises with the closest names."""
    try:
        return gym.spec(env_id)
    except (gym.error.Error, ModuleNotFoundError, ValueError) as error:
        close = difflib.get_close_matches(env_id, list(gym.registry), n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(close)}?" if close else "try CartPole-v1."
        raise ConfigError(f"--env {env_id} is not a Gymnasium environment; {hint}") from error


def solved_mark(env_id: str) -> float | None:
    """Returns the mean return at which the environment counts as solved, where it has one."""
    return find_spec(env_id).reward_threshold


def make_env(config: EnvConfig, *, screen: bool = False) -> gym.Env[Any, Any]:
    """Makes one environment, observed as the configuration says.

    Args:
        config: The environment and how it is observed.
        screen: Whether `render()` must work too, for recording.

    Raises:
        ConfigError: unknown id, continuous actions, nothing to render, a missing package.
    """
    spec = find_spec(config.id)
    pixels = config.obs == "pixels"
    try:
        env = gym.make(spec, disable_env_checker=True)
        modes = env.metadata.get("render_modes") or []
        if pixels and "rgb_array" not in modes:
            raise ConfigError(f"{config.id} cannot be drawn (no rgb_array rendering); use --obs state.")
        if pixels or screen:
            env.close()
            env = gym.make(spec, disable_env_checker=True, render_mode="rgb_array")
    except gym.error.DependencyNotInstalled as error:
        raise ConfigError(f"{config.id} needs a package that is missing: {error}") from error
    if not isinstance(env.action_space, gym.spaces.Discrete):
        raise ConfigError(
            f"{config.id} has continuous actions ({env.action_space}); DQN needs discrete ones: "
            "choose an environment such as CartPole-v1."
        )
    return _observe_pixels(env, config) if pixels else _observe_state(env)


def _observe_pixels(env: gym.Env[Any, Any], config: EnvConfig) -> gym.Env[Any, Any]:
    if type(env.unwrapped) is CartPoleEnv:
        return FrameStack(CartPolePixels(env, config.crop, config.size), config.stack)
    env = Grayscale(RenderObservation(env))
    if config.crop is not None:
        env = Crop(env, config.crop)
    return FrameStack(Resize(env, config.size), config.stack)


def _observe_state(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
    space = env.observation_space
    if not (isinstance(space, gym.spaces.Box) and len(space.shape) == 1):
        env = FlattenObservation(env)
    if env.observation_space.dtype != np.float32:
        env = DtypeObservation(env, np.float32)
    return env


def make_vector_env(config: EnvConfig, seeds: Sequence[int], *, screen: bool = False) -> VectorEnv:
    """Makes one environment for each seed, behind the façade."""
    return VectorEnv([make_env(config, screen=screen) for _ in seeds], seeds)


def check_picture(config: EnvConfig, seed: int) -> None:
    """Looks at a few random steps, so that nobody trains for an hour on a blank picture.

    Raises:
        ConfigError: the picture is one colour, or the same at every step.
    """
    env = make_vector_env(config, [seed])
    generator = np.random.default_rng(seed)
    first = env.reset()[0, -1].copy()
    changes = False
    for _ in range(PROBE_STEPS):
        step = env.step(generator.integers(env.num_actions, size=1))
        changes |= not np.array_equal(step.next_observation[0, -1], first)
    env.close()
    if first.min() == first.max():
        raise ConfigError(
            f"The picture of {config.id} is blank; check --env.crop and --env.size, or use --obs state."
        )
    if not changes:
        raise ConfigError(
            f"The picture of {config.id} never changes in {PROBE_STEPS} random steps; check "
            "--env.crop and --env.size, or use --obs state."
        )
