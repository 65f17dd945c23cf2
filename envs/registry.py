"""Which environments there are, by name: Gymnasium's, Atari games, and those of modules one names.

An environment of another module is called `module:id`, as in Gymnasium. To import a module is to run its
code, so only `import_environments` does it, for names that the user has given on the command line: a run
folder from somebody else may name any.
"""

import difflib
import importlib
import sys
from pathlib import Path

import ale_py
import gymnasium as gym
from ale_py.registration import rom_id_to_name
from gymnasium.envs.registration import EnvSpec

from envs.atari.game import require_rom
from envs.config import ConfigError


def resolve_id(name: str) -> str:
    """Returns the Gymnasium id of a name that is one, or of an Atari game's short name such as `pong`.

    Raises:
        ConfigError: neither; names the closest.

    Example:
        >>> resolve_id("ms_pacman"), resolve_id("CartPole-v1")
        ('ALE/MsPacman-v5', 'CartPole-v1')
    """
    if name in gym.registry or "-v" in name or ":" in name:
        return name
    game = name.removeprefix("ALE/").lower()
    spelled = {rom.replace("_", ""): rom for rom in ale_py.roms.get_all_rom_ids()}
    game = spelled.get(game.replace("_", ""), game)
    require_rom(game)
    return f"ALE/{rom_id_to_name(game)}-v5"


def atari_game(env_id: str) -> str | None:
    """Returns the name of the Atari game that an id plays, or None.

    Raises:
        ConfigError: no such id, or an old one that means other settings than the configuration's.
    """
    spec = find_spec(env_id)
    if spec.entry_point != "ale_py.env:AtariEnv":
        return None
    game = str(spec.kwargs["game"])
    if not spec.id.startswith("ALE/"):
        raise ConfigError(
            f"--env {env_id} is an old name; use ALE/{rom_id_to_name(game)}-v5 and choose the rules with "
            "--env.protocol."
        )
    return game


def import_environments(module: str) -> None:
    """Imports a module that registers environments; the current folder is looked into last.

    Raises:
        ConfigError: there is no such module, or it fails.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if not f"{module}.".startswith(f"{error.name}."):
            raise ConfigError(f"The module {module} needs {error.name}; install that first.") from error
        file = f"{module.replace('.', '/')}.py"
        raise ConfigError(
            f"There is no module {module}; install the package it comes in, or start from the folder that "
            f"{file} lies in."
        ) from error
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise ConfigError(f"The module {module} cannot be imported ({what}); mend it first.") from error


def find_spec(env_id: str) -> EnvSpec:
    """Returns the registered environment of that id, or raises with the closest names."""
    module, _, name = env_id.rpartition(":")
    if module and module not in sys.modules:
        raise ConfigError(
            f"{env_id} comes from the module {module}, which is imported only where you ask for it: if you "
            f"trust it, add --env {env_id} to train.py, or --module {module} to the other scripts."
        )
    try:
        return gym.spec(name)
    except (gym.error.Error, ModuleNotFoundError, ValueError) as error:
        close = difflib.get_close_matches(name, list(gym.registry), n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(close)}?" if close else "try CartPole-v1."
        where = f"registered by {module}" if module else "a Gymnasium environment"
        raise ConfigError(f"--env {env_id} is not {where}; {hint}") from error


def default_reward_threshold(env_id: str) -> float | None:
    """Returns the mean return at which the environment counts as solved, where it has one."""
    return find_spec(env_id).reward_threshold


def has_time_limit(env_id: str) -> bool:
    """Whether the environment ends every episode by itself: Atari games have `EnvConfig.max_frames`."""
    return atari_game(env_id) is not None or find_spec(env_id).max_episode_steps is not None
