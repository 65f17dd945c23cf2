"""From `EnvConfig` to a `VectorEnv`; the only place that orders wrappers."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.classic_control.cartpole import CartPoleEnv
from gymnasium.wrappers import FlattenObservation, TimeLimit, TransformObservation

from envs.atari.game import WAIT_FOR_FIRE, AtariGame
from envs.atari.native import NativeAtariEnv
from envs.classic.cartpole import CartPolePixels
from envs.config import ATARI_FIELDS, ConfigError, EnvConfig
from envs.registry import atari_game, find_spec, has_time_limit
from envs.vector import SerialVectorEnv, VectorEnv
from envs.wrappers import (
    AddRenderObservation,
    Crop,
    FrameStackObservation,
    GrayscaleObservation,
    RepeatAction,
    ResizeObservation,
)

PROBE_STEPS = 30
GAME_FIELDS = (
    "size",
    "frame_skip",
    "repeat_action_probability",
    "noop_max",
    "fire",
    "full_action_space",
    "max_frames",
)


def make_env(config: EnvConfig, *, screen: bool = False, max_steps: int | None = None) -> gym.Env[Any, Any]:
    """Makes one environment, observed as the configuration says.

    Args:
        config: The environment and how it is observed.
        screen: Whether `render()` must work too, for recording.
        max_steps: Agent steps after which an episode is truncated where the environment has no time
            limit of its own; None: it may go on for ever.

    Raises:
        ConfigError: unknown id, continuous actions, nothing to render, a missing package.
    """
    game = atari_game(config.id)
    if game is not None:
        return FrameStackObservation(_make_game(game, config), config.frame_stack)
    _refuse_atari_fields(config)
    spec = find_spec(config.id)
    pixels = config.obs == "pixels"
    try:
        env = gym.make(spec, disable_env_checker=True)
        modes = env.metadata.get("render_modes") or []
        if (pixels or screen) and "rgb_array" not in modes:
            instead = "use --obs state" if pixels else "evaluate.py measures its play without an image"
            raise ConfigError(f"{config.id} cannot be drawn (no rgb_array rendering); {instead}.")
        if pixels or screen:
            env.close()
            env = gym.make(spec, disable_env_checker=True, render_mode="rgb_array")
        if screen or (pixels and type(env.unwrapped) is not CartPoleEnv):
            _try_to_draw(env, config.id)
    except (gym.error.DependencyNotInstalled, ModuleNotFoundError) as error:
        raise ConfigError(f"{config.id} needs a package that is missing: {error}") from error
    if not isinstance(env.action_space, gym.spaces.Discrete):
        raise ConfigError(
            f"{config.id} has continuous actions ({env.action_space}); DQN needs discrete ones: "
            "choose an environment such as CartPole-v1."
        )
    if config.action_repeat > 1:
        env = RepeatAction(env, config.action_repeat)
    if max_steps is not None and not has_time_limit(config.id):
        env = TimeLimit(env, max_steps)
    return _observe_pixels(env, config) if pixels else _observe_state(env)


def _try_to_draw(env: gym.Env[Any, Any], env_id: str) -> None:
    """Draws an image: what an environment draws with is loaded, and fails, only then."""
    env.reset(seed=0)
    try:
        env.render()
    except (gym.error.DependencyNotInstalled, ModuleNotFoundError):
        raise
    except Exception as error:  # of whatever library, such as pygame without a display
        raise ConfigError(
            f"{env_id} cannot be drawn here ({type(error).__name__}: {error}); mend that, or do without "
            "images (--obs state)."
        ) from error


def can_be_drawn(config: EnvConfig) -> bool:
    """Whether a play of this environment can be recorded."""
    try:
        make_env(config, screen=True).close()
    except ConfigError:
        return False
    return True


def _observe_pixels(env: gym.Env[Any, Any], config: EnvConfig) -> gym.Env[Any, Any]:
    if type(env.unwrapped) is CartPoleEnv:
        return FrameStackObservation(CartPolePixels(env, config.crop, config.size), config.frame_stack)
    env = GrayscaleObservation(AddRenderObservation(env))
    if config.crop is not None:
        env = Crop(env, config.crop)
    return FrameStackObservation(ResizeObservation(env, config.size), config.frame_stack)


def _observe_state(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
    """Observes vectors: images and dictionaries are laid out in a row, discrete parts as one-hot."""
    space = env.observation_space
    if not (isinstance(space, gym.spaces.Box) and len(space.shape) == 1):
        try:
            flat = gym.spaces.flatten_space(space)
        except NotImplementedError:
            flat = None  # Gymnasium knows how to flatten its own spaces only
        if not isinstance(flat, gym.spaces.Box):
            raise ConfigError(
                f"Observations of the kind {space} cannot be made a vector; use --obs pixels, or register "
                "the environment with a wrapper that leaves out what is no number."
            )
        env = FlattenObservation(env)
    space = env.observation_space
    assert isinstance(space, gym.spaces.Box)
    if space.dtype == np.float32:
        return env
    with np.errstate(over="ignore"):  # float64's largest numbers become infinity
        low, high = space.low.astype(np.float32), space.high.astype(np.float32)
    return TransformObservation(env, lambda row: np.asarray(row, np.float32), gym.spaces.Box(low, high))


def _refuse_for_atari(config: EnvConfig) -> None:
    if config.obs != "pixels":
        raise ConfigError(f"{config.id} is learned from its screen; use --obs pixels.")
    if config.crop is not None:
        raise ConfigError(f"--env.crop is not for Atari games such as {config.id}; leave it out.")
    if config.action_repeat != 1:
        raise ConfigError(
            f"--env.action-repeat is not for Atari games; use --env.frame-skip for {config.id}."
        )


def _make_game(game: str, config: EnvConfig) -> AtariGame:
    _refuse_for_atari(config)
    settings = {name: getattr(config, name) for name in GAME_FIELDS}
    return AtariGame(game, mode=config.mode, difficulty=config.difficulty, **settings)


def _refuse_atari_fields(config: EnvConfig) -> None:
    plain = {field.name: field.default for field in fields(EnvConfig)}
    for name in ATARI_FIELDS:
        if getattr(config, name) != plain[name]:
            option = name.replace("_", "-")
            raise ConfigError(f"--env.{option} is for Atari games; leave it out for {config.id}.")


def why_not_native(config: EnvConfig) -> str | None:
    """Returns why ale-py's own threads cannot play a game under these settings, or None if they can."""
    if config.mode is not None or config.difficulty is not None:
        return "it plays each game's first mode and difficulty only"
    if config.fire and atari_game(config.id) in WAIT_FOR_FIRE:
        return "it does not press FIRE after a lost life (--env.no-fire does without)"
    return None


def make_vector_env(
    config: EnvConfig, seeds: Sequence[int], *, screen: bool = False, max_steps: int | None = None
) -> VectorEnv:
    """Makes one environment for each seed, behind the façade.

    Args:
        config: The environment and how it is observed.
        seeds: One for each environment.
        screen: Whether `render()` must show the whole screen, for recording.
        max_steps: As for `make_env`.

    Raises:
        ConfigError: as `make_env`, or the native back-end is asked for where it cannot be used.
    """
    game = atari_game(config.id)
    if game is not None and config.backend != "python" and not screen:
        _refuse_for_atari(config)
        reason = why_not_native(config)
        if reason is None:
            return NativeAtariEnv(
                game,
                seeds,
                size=config.size,
                stack=config.frame_stack,
                zero_discount_on_life_loss=config.zero_discount_on_life_loss,
                threads=config.threads,
                frame_skip=config.frame_skip,
                noop_max=config.noop_max,
                max_frames=config.max_frames,
                repeat_action_probability=config.repeat_action_probability,
                full_action_space=config.full_action_space,
            )
        if config.backend == "native":
            raise ConfigError(f"--env.backend native cannot play {config.id}: {reason}; use auto.")
    envs = [make_env(config, screen=screen, max_steps=max_steps) for _ in seeds]
    return SerialVectorEnv(envs, seeds, zero_discount_on_life_loss=config.zero_discount_on_life_loss)


def check_image(config: EnvConfig, seed: int) -> None:
    """Looks at a few random steps, so that nobody trains for an hour on a blank image.

    Raises:
        ConfigError: the image is one colour, or the same at every step.
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
            f"The image of {config.id} is blank; check --env.crop and --env.size, or use --obs state."
        )
    if not changes:
        raise ConfigError(
            f"The image of {config.id} never changes in {PROBE_STEPS} random steps; check "
            "--env.crop and --env.size, or use --obs state."
        )
