"""Arguments of `scripts/train.py`: a configuration, a folder, and whether to resume."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from agents.cli.options import check_words, given_options
from agents.cli.parser import parse
from agents.config import Config, ConfigError
from agents.config.idle import IMAGE_FIELDS, STATE_FIELDS
from agents.config.presets import COMMAND_LINE, PRESETS, WITHOUT, Stage, preset_stages
from agents.config.provenance import explain
from agents.runs.paths import RunPaths
from agents.runs.reader import read_config
from envs.config import Observation
from envs.cores import cores
from envs.protocols import PROTOCOLS


@dataclass(frozen=True, kw_only=True)
class TrainArguments(Config):
    """Train DQN from images only or from the state vector."""

    FIRST: ClassVar = ("environment", "obs", "preset", "steps", "seed", "resume", "run_dir")
    """Fields at the head of the help, most used first; the others follow in their own order."""

    environment: str = field(default="CartPole-v1", metadata={"option": "env"})
    """Gymnasium id of an environment with discrete actions, an Atari game such as pong, or module:id, which
    imports the module first."""

    obs: Observation = "pixels"
    """Observations: rendered images only, or the state vector."""

    resume: bool = False
    """Resume the run in the folder exactly where it stopped; start it if there is none."""

    run_dir: Path | None = None
    """Folder of the run; by default runs/<env>/<preset>-<obs>/seed<k>."""

    without: tuple[str, ...] = ()
    """Parts to leave out of the preset, such as noisy out of rainbow."""

    explain: tuple[str, ...] = ()
    """Instead of training, print the layers that set these fields, such as learning.huber_delta; without
    names, of all fields."""


@dataclass(frozen=True)
class Train:
    """The parsed command line: a configuration, a folder, and the mode."""

    config: Config
    run_dir: Path
    resume: bool
    explanation: str | None

    @classmethod
    def parse(cls, words: Sequence[str]) -> "Train":
        """Parse in two stages: preset, environment and observation, then all other options.

        Raises:
            ConfigError: as `parse`, or the configuration contradicts itself.
        """
        check_words(TrainArguments, words)
        options = given_options(words)
        if module := "".join(options.get("--env", ())).rpartition(":")[0]:
            from envs.registry import import_environments

            import_environments(module)
        stages = _stages_before_options(options)
        base = stages[-1].config
        defaults = TrainArguments(**vars(base), environment=base.env.id, obs=base.env.obs)
        arguments = parse(TrainArguments, words, default=defaults, description=_description())
        values = {name: getattr(arguments, name) for name in vars(base)}
        values["env"] = replace(arguments.env, id=_env_id(arguments.environment), obs=arguments.obs)
        values["preset"] += _suffix(arguments.without)
        config = Config(**values)
        from_state = config.env.obs == "state"
        fields, unseen = (IMAGE_FIELDS, "image") if from_state else (STATE_FIELDS, "state vector")
        unused = [option for name in fields if (option := f"--{name}".replace("_", "-")) in options]
        if unused:
            raise ConfigError(
                f"{', '.join(unused)}: with --obs {config.env.obs} no {unseen} is seen; leave that out."
            )
        for option, threads in (("--threads", config.threads), ("--env.threads", config.env.threads)):
            if option in options and threads > cores():
                raise ConfigError(f"{option} is {threads}; this machine has {cores()} cores: give as many.")
        stages.append(Stage(COMMAND_LINE, config))
        explanation = explain(stages, arguments.explain) if "--explain" in options else None
        return cls(config, arguments.run_dir or default_run_dir(config), arguments.resume, explanation)


def default_run_dir(config: Config) -> Path:
    """Return `runs/<env>/<preset>-<obs>/seed<k>`."""
    env = re.sub("[/:]", "-", config.env.id)
    return Path("runs") / env / f"{config.preset}-{config.env.obs}" / f"seed{config.seed}"


def _stages_before_options(options: Mapping[str, Sequence[str]]) -> list[Stage]:
    """Return the layers below the command line: preset and saved run."""
    first = {option: words[0] for option, words in options.items() if words}
    name = first.get("--preset", "fast") + _suffix(options.get("--without", ()))
    env_id, obs = _env_id(first.get("--env", "CartPole-v1")), first.get("--obs", "pixels")
    stages = preset_stages(name, env_id, obs, first.get("--env.protocol"))
    if "--resume" not in options:
        return stages
    fresh = replace(stages[-1].config, seed=int(first.get("--seed", stages[-1].config.seed)))
    folder = Path(first["--run-dir"]) if "--run-dir" in first else default_run_dir(fresh)
    if RunPaths(folder).config.is_file():
        return [*stages, Stage("saved run", read_config(folder))]
    return [*stages, Stage(COMMAND_LINE, fresh)]


def _suffix(without: Sequence[str]) -> str:
    return "".join(WITHOUT + part for part in without)


def _env_id(name: str) -> str:
    """Return a Gymnasium id; only short names import the environments."""
    name = name.removeprefix("ale_py:")  # its games are known without it
    if "-v" in name or ":" in name:
        return name
    from envs.registry import resolve_id

    return resolve_id(name)


def _description() -> str:
    presets = "\n".join(f"  {name}: {preset.summary}" for name, preset in PRESETS.items())
    protocols = "\n".join(f"  {name}: {protocol.summary}" for name, protocol in PROTOCOLS.items())
    return (
        f"{TrainArguments.__doc__}\n\nPresets:\n{presets}\n\nProtocols of Atari:\n{protocols}\n\n"
        "Every option below shows the default of the chosen preset, environment and observation."
    )
