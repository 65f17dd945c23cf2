"""Registered environments: Gymnasium's, Atari games, and those of modules named by the user.

An environment of another module is called `module:id`, as in Gymnasium. Importing a module runs its code,
so only `import_environments` does it, for names that the user has given on the command line: the run folder
of a stranger may name any.
"""

import difflib
import importlib
import sys
from pathlib import Path
from typing import Any

import ale_py
import gymnasium as gym
import numpy as np
from ale_py.registration import rom_id_to_name
from gymnasium.envs.registration import EnvSpec

from envs.atari.game import require_rom
from envs.config import ATARI_FIELDS, ConfigError, EnvConfig
from envs.families import family_of
from envs.snapshot import SavableTimeLimit


def resolve_id(name: str) -> str:
    """Return the Gymnasium id of a name: itself, or that of a short name such as `pong`.

    Raises:
        ConfigError: neither an id nor a game; the closest names are listed.

    Example:
        >>> resolve_id("ms_pacman"), resolve_id("CartPole-v1")
        ('ALE/MsPacman-v5', 'CartPole-v1')
    """
    if name in gym.registry or "-v" in name or ":" in name:
        return name
    game = name.removeprefix("ALE/").lower()
    spellings = {rom.replace("_", ""): rom for rom in ale_py.roms.get_all_rom_ids()}
    game = spellings.get(game.replace("_", ""), game)
    require_rom(game)
    return f"ALE/{rom_id_to_name(game)}-v5"


def import_environments(module: str) -> None:
    """Import a module that registers environments; the current folder is searched last.

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
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"The module {module} cannot be imported ({reason}); mend it first.") from error


def find_spec(env_id: str) -> EnvSpec:
    """Return the registration of an id.

    Raises:
        ConfigError: no such id, or an old one whose rules are not those of the configuration.
    """
    module, _, name = env_id.rpartition(":")
    if module and module not in sys.modules:
        raise ConfigError(
            f"{env_id} comes from the module {module}, which is imported only where you ask for it: if you "
            f"trust it, add --env {env_id} to train.py, or --module {module} to the other scripts."
        )
    try:
        spec = gym.spec(name)
    except (gym.error.Error, ModuleNotFoundError, ValueError) as error:
        close = difflib.get_close_matches(name, list(gym.registry), n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(close)}?" if close else "try CartPole-v1."
        where = f"registered by {module}" if module else "a Gymnasium environment"
        raise ConfigError(f"--env {env_id} is not {where}; {hint}") from error
    if spec.entry_point == "ale_py.env:AtariEnv" and not spec.id.startswith("ALE/"):
        game = rom_id_to_name(str(spec.kwargs["game"]))
        raise ConfigError(
            f"--env {env_id} is an old name; use ALE/{game}-v5 and choose the rules with --env.protocol."
        )
    return spec


def make_registered(config: EnvConfig, drawn: bool) -> gym.Env[Any, Any]:
    """Make a registered environment; if `drawn`, `render()` returns RGB images.

    Raises:
        ConfigError: nothing to render, or a setting that only Atari games have.
    """
    for name in ATARI_FIELDS:
        if getattr(config, name) != getattr(EnvConfig, name):
            option = name.replace("_", "-")
            raise ConfigError(f"--env.{option} is for Atari games; leave it out for {config.id}.")
    env = _make(config.id)
    if not drawn:
        return env
    if "rgb_array" not in (env.metadata.get("render_modes") or []):
        instead = "use --obs state" if config.obs == "pixels" else "evaluate.py needs no image"
        raise ConfigError(f"{config.id} cannot be drawn (no rgb_array rendering); {instead}.")
    env.close()
    env = _make(config.id, render_mode="rgb_array")
    env.reset(seed=0)
    try:
        frame: Any = env.render()  # loads the library that draws, or fails
    except (gym.error.DependencyNotInstalled, ModuleNotFoundError):
        raise
    except Exception as error:  # of any library, such as pygame without a display
        raise ConfigError(
            f"{config.id} cannot be drawn here ({type(error).__name__}: {error}); mend that, or do without "
            "images (--obs state)."
        ) from error
    if not (isinstance(frame, np.ndarray) and frame.dtype == np.uint8 and frame.ndim == 3):
        raise ConfigError(f"{config.id} renders no RGB array; use --obs state.")
    return env


def _make(env_id: str, **settings: Any) -> gym.Env[Any, Any]:
    """Make an environment; where a few attributes are its state, with a time limit that saves them."""
    spec, attributes = find_spec(env_id), family_of(env_id).attributes
    if not attributes or spec.max_episode_steps is None:
        return gym.make(spec, disable_env_checker=True, **settings)
    env = gym.make(spec, max_episode_steps=-1, disable_env_checker=True, **settings)
    return SavableTimeLimit(env, spec.max_episode_steps, attributes)
