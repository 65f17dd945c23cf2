"""From an `EnvConfig` to Atari games, in Python or in ale-py's threads."""

from collections.abc import Sequence

from envs.atari.game import AtariGame
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
    rom, cannot = _rom(config), ""
    if config.mode is not None or config.difficulty is not None:
        cannot = "plays each game in its first mode and difficulty only"
    elif config.obs == "state":
        cannot = "shows the screen and not the RAM"
    if config.backend == "native" and cannot:
        raise ConfigError(f"--env.backend native {cannot}; use auto.")
    return None if config.backend == "python" or cannot else NativeAtariEnv(rom, seeds, config)


def _rom(config: EnvConfig) -> str:
    """Return the name of the ROM; refuse settings that no game has."""
    rom = str(find_spec(config.id).kwargs["game"])
    if config.crop is not None:
        raise ConfigError(f"--env.crop is not for Atari games such as {config.id}; leave it out.")
    if config.action_repeat != 1:
        raise ConfigError(
            f"--env.action-repeat is not for Atari games; use --env.frame-skip for {config.id}."
        )
    return rom
