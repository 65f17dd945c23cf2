"""From an `EnvConfig` to Atari games, in Python or in ale-py's threads."""

from collections.abc import Sequence

from envs.atari.game import WAIT_FOR_FIRE, AtariGame
from envs.atari.native import NativeAtariEnv
from envs.config import ConfigError, EnvConfig
from envs.registry import find_spec


def make_game(config: EnvConfig, drawn: bool) -> AtariGame:  # noqa: ARG001  every game can be drawn
    """Make one game, stepped in Python."""
    return AtariGame(_rom(config), config)


def make_native(config: EnvConfig, seeds: Sequence[int]) -> NativeAtariEnv | None:
    """Make a game for each seed, stepped by ale-py's threads, unless the back-end is Python.

    Raises:
        ConfigError: the native back-end is required and cannot play under these settings.
    """
    rom = _rom(config)
    reason = why_not_native(config)
    if config.backend == "native" and reason is not None:
        raise ConfigError(f"--env.backend native cannot play {config.id}: {reason}; use auto.")
    if config.backend == "python" or reason is not None:
        return None
    return NativeAtariEnv(rom, seeds, config)


def why_not_native(config: EnvConfig) -> str | None:
    """Return the reason why ale-py's threads cannot play under these settings, if any."""
    if config.mode is not None or config.difficulty is not None:
        return "it plays each game's first mode and difficulty only"
    if config.fire and _rom(config) in WAIT_FOR_FIRE:
        return "it does not press FIRE after a lost life (--env.no-fire does without)"
    return None


def _rom(config: EnvConfig) -> str:
    """Return the name of the ROM; refuse settings that no game has."""
    rom = str(find_spec(config.id).kwargs["game"])
    if config.obs != "pixels":
        raise ConfigError(f"{config.id} is learned from its screen; use --obs pixels.")
    if config.crop is not None:
        raise ConfigError(f"--env.crop is not for Atari games such as {config.id}; leave it out.")
    if config.action_repeat != 1:
        raise ConfigError(
            f"--env.action-repeat is not for Atari games; use --env.frame-skip for {config.id}."
        )
    return rom
