"""What `scripts/train.py` was asked: a configuration, a folder, and whether to go on there."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from agents.cli.options import check_words, given_options
from agents.cli.parser import parse
from agents.config import Config, ConfigError
from agents.config.presets import PRESETS, WITHOUT, preset_config
from agents.runs.documents import read_config
from envs.protocols import PROTOCOLS

IMAGE_OPTIONS = ("--env.crop", "--env.size", "--env.frame-stack", "--network.zero-level")
"""Options that do nothing where no image is seen."""


@dataclass(frozen=True)
class TrainArguments:
    """Train DQN on an environment, from its images only or from its state vector."""

    environment: str = field(default="CartPole-v1", metadata={"option": "env"})
    """Gymnasium id of an environment with discrete actions, an Atari game such as pong, or module:id, which
    imports the module first."""

    obs: Literal["pixels", "state"] = "pixels"
    """What the agent sees: rendered images only, or the state vector."""

    resume: bool = False
    """Go on with the run in the folder, exactly where it stopped; start it if there is none."""

    run_dir: Path | None = None
    """Folder of the run. By default runs/<env>/<preset>-<obs>/seed<k>."""

    config: Config = field(default_factory=Config, metadata={"option": ""})
    """Everything that decides what comes of the run."""

    without: tuple[str, ...] = ()
    """Parts to take out of the preset, such as noisy out of rainbow."""


@dataclass(frozen=True)
class Train:
    """A configuration, a folder, and whether to go on there."""

    config: Config
    run_dir: Path
    resume: bool

    @classmethod
    def parse(cls, words: Sequence[str]) -> "Train":
        """Parses in two stages: preset, environment and observation, then everything else.

        Raises:
            ConfigError: as `parse`, or the configuration cannot be.
        """
        check_words(TrainArguments, words)
        given = given_options(words)
        module = "".join(given.get("--env", ())).rpartition(":")[0]
        if module:
            from envs.registry import import_environments

            import_environments(module)
        base = _base_config(given)
        defaults = TrainArguments(base.env.id, base.env.obs, config=base)  # type: ignore[arg-type]
        asked = parse(TrainArguments, words, default=defaults, description=_description())
        config = asked.config
        env = replace(config.env, id=_env_id(asked.environment), obs=asked.obs)
        config = replace(config, preset=config.preset + _suffix(asked.without), env=env)
        if config.env.obs == "state":
            _refuse_image_options(words)
        return cls(config, asked.run_dir or default_run_dir(config), asked.resume)


def default_run_dir(config: Config) -> Path:
    """Returns `runs/<env>/<preset>-<obs>/seed<k>`."""
    env = re.sub("[/:]", "-", config.env.id)
    return Path("runs") / env / f"{config.preset}-{config.env.obs}" / f"seed{config.seed}"


def _base_config(given: Mapping[str, Sequence[str]]) -> Config:
    """Returns the configuration before overrides: a run's own when going on, else the preset's."""

    def last(option: str, default: str) -> str:
        return given[option][0] if given.get(option) else default

    env_id, protocol = _env_id(last("--env", "CartPole-v1")), last("--env.protocol", "") or None
    name = last("--preset", "fast") + _suffix(given.get("--without", ()))
    fresh = preset_config(name, env_id, last("--obs", "pixels"), protocol)
    if "--resume" not in given:
        return fresh
    fresh = replace(fresh, seed=int(last("--seed", str(fresh.seed))))
    folder = Path(last("--run-dir", "")) if given.get("--run-dir") else default_run_dir(fresh)
    return read_config(folder) if (folder / "config.json").is_file() else fresh


def _refuse_image_options(words: Sequence[str]) -> None:
    idle = [option for option in IMAGE_OPTIONS if option in given_options(words)]
    if idle:
        raise ConfigError(f"{', '.join(idle)}: with --obs state no image is seen; leave that out.")


def _suffix(without: Sequence[str]) -> str:
    return "".join(WITHOUT + part for part in without)


def _env_id(name: str) -> str:
    """Returns a Gymnasium id; only a short name costs the import of the environments."""
    name = name.removeprefix("ale_py:")  # its games are known without it
    if "-v" in name or ":" in name:
        return name
    from envs.registry import resolve_id

    return resolve_id(name)


def _description() -> str:
    names = "\n".join(f"  {name}: {preset.summary}" for name, preset in PRESETS.items())
    rules = "\n".join(f"  {name}: {protocol.summary}" for name, protocol in PROTOCOLS.items())
    return (
        f"{TrainArguments.__doc__}\n\nPresets:\n{names}\n\nProtocols of Atari:\n{rules}\n\n"
        "Every option below shows the default of the chosen preset, environment and observation."
    )
