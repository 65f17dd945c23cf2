"""From the command line to arguments; bad input becomes one sentence and exit status 2."""

import argparse
import contextlib
import functools
import io
import re
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tyro

from agents.config import Config, ConfigError
from agents.presets import PRESETS, WITHOUT, preset_config
from envs.protocols import PROTOCOLS

T = TypeVar("T")
POSITIONAL: Any = tyro.conf.Positional  # marks a field, for modules that do not import tyro

# Modules with libraries of their own that may fail to load, and the packages they come in.
PACKAGES = {"cv2": "opencv-python-headless", "ale_py": "ale-py", "pygame": "pygame", "torch": "torch"}


def guarded(main: Callable[[], int]) -> Callable[[], int]:
    """Turns a `ConfigError` of `main` into its sentence on stderr and exit status 2."""

    @functools.wraps(main)
    def run() -> int:
        try:
            return main()
        except ConfigError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        except ImportError as error:
            package = _package_of(error)
            if package is None:
                raise
            print(
                f"error: {package} is missing or broken ({error}); install it with "
                f"pip install --force-reinstall -c constraints.txt {package}",
                file=sys.stderr,
            )
            return 2
        except BrokenPipeError:
            return 0
        except KeyboardInterrupt:
            print("Ended at once; what was saved before is there.", file=sys.stderr)
            return 128 + signal.SIGINT

    return run


def _package_of(error: ImportError) -> str | None:
    """Returns the package to install where one of `PACKAGES` did not load."""
    files = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    named = {part for file in files for part in (*file.parts, file.stem)}  # a broken library has no name
    named = {error.name.partition(".")[0]} if error.name else named
    return next((package for module, package in PACKAGES.items() if module in named), None)


def parse(cls: type[T], arguments: Sequence[str], **options: Any) -> T:
    """Parses with tyro.

    Raises:
        ConfigError: an option is unknown or its value unfit.
        SystemExit: after `--help`.
    """
    stderr = io.StringIO()
    try:
        with contextlib.redirect_stderr(stderr):
            return tyro.cli(cls, args=list(arguments), **options)
    except SystemExit as error:
        if not error.code:
            raise
        raise ConfigError(_sentence(stderr.getvalue())) from None


def _sentence(box: str) -> str:
    """Returns what a framed message of tyro says, as one line."""
    rows = [re.sub(r"^[│|]\s?|\s*[│|]$", "", row) for row in box.splitlines()]
    rows = [row.strip() for row in rows if row.strip() and not re.match(r"^[╭╰+]", row)]
    text = " ".join(row for row in rows if not set(row) <= set("─-"))
    text = re.sub(r"(Argument helptext:|For full helptext).*", "", text).strip()
    text = re.sub(r"^Error parsing [\w.]+: ", "", text)  # the name of a class; what follows is our own
    text = re.sub(r"\s+", " ", text).rstrip(".;,")
    return f"{text}; see --help."


@dataclass(frozen=True)
class TrainArguments:
    """Train DQN on an environment, from its pictures only or from its state vector."""

    environment: Annotated[str, tyro.conf.arg(name="env")] = "CartPole-v1"
    """Gymnasium id of an environment with discrete actions, an Atari game such as pong, or module:id, which
    imports the module first."""

    obs: Literal["pixels", "state"] = "pixels"
    """What the agent sees: rendered pictures only, or the state vector."""

    without: tuple[str, ...] = ()
    """Parts to take out of the preset, such as noisy out of rainbow."""

    run_dir: Path | None = None
    """Folder of the run. By default runs/<env>/<preset>-<obs>/seed<k>."""

    resume: bool = False
    """Go on with the run in the folder, exactly where it stopped; start it if there is none."""

    config: Annotated[Config, tyro.conf.arg(name="")] = field(default_factory=Config)


class Train:
    """What `scripts/train.py` was asked: a configuration, a folder, and whether to go on there."""

    def __init__(self, config: Config, run_dir: Path, resume: bool) -> None:
        self.config, self.run_dir, self.resume = config, run_dir, resume

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> "Train":
        """Parses in two stages: preset, environment and observation, then everything else.

        Raises:
            ConfigError: as `parse`, or the configuration cannot be.
        """
        first = _first_stage(arguments)
        if ":" in (first.env or ""):
            from envs.registry import import_environments

            import_environments(first.env.rpartition(":")[0])
        base = _base_config(first)
        defaults = TrainArguments(base.env.id, base.env.obs, (), first.run_dir, first.resume, base)
        given = parse(
            TrainArguments,
            arguments,
            default=defaults,
            description=_description(),
        )
        config = given.config
        name = config.preset + _suffix(given.without)
        env = replace(config.env, id=_env_id(given.environment), obs=given.obs)
        config = replace(config, preset=name, env=env)
        return cls(config, given.run_dir or default_run_dir(config), given.resume)


def default_run_dir(config: Config) -> Path:
    """Returns `runs/<env>/<preset>-<obs>/seed<k>`."""
    env = re.sub("[/:]", "-", config.env.id)
    return Path("runs") / env / f"{config.preset}-{config.env.obs}" / f"seed{config.seed}"


def _first_stage(arguments: Sequence[str]) -> argparse.Namespace:
    """Reads only what decides the defaults of everything else."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--env", "--env.id")
    parser.add_argument("--obs", "--env.obs")
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--env.protocol", dest="protocol")
    parser.add_argument("--seed")
    parser.add_argument("--run-dir", "--run_dir", type=Path)
    parser.add_argument("--resume", action="store_true")
    try:
        return parser.parse_known_args(arguments)[0]
    except argparse.ArgumentError as error:
        raise ConfigError(f"{error}; see --help.") from None


def _base_config(first: argparse.Namespace) -> Config:
    """Returns the configuration before overrides: a run's own when going on, else the preset's."""
    env_id = _env_id(first.env or "CartPole-v1")
    name = first.preset + _suffix(first.without)
    fresh = preset_config(name, env_id, first.obs or "pixels", first.protocol)
    if not first.resume:
        return fresh
    if first.seed is not None and first.seed.isdigit():
        fresh = replace(fresh, seed=int(first.seed))
    folder = first.run_dir or default_run_dir(fresh)
    if not (folder / "config.json").exists():
        return fresh
    from agents.training.run_folder import read_config

    return read_config(folder)


def _suffix(without: Sequence[str]) -> str:
    return "".join(WITHOUT + part for part in without)


def _env_id(name: str) -> str:
    """Returns a Gymnasium id; only a short name costs the import of the environments."""
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


@dataclass(frozen=True)
class EvaluateArguments:
    """Measure a trained agent's greedy play on seeds it was never trained on."""

    run: tyro.conf.Positional[Path]
    """Folder of a run made by train.py."""

    episodes: int = 100
    """Whole episodes."""

    seed: int = 0
    """Decides the held-out seeds."""

    json: bool = False
    """Print one line of JSON instead of a sentence."""

    device: Literal["auto", "cpu", "cuda"] = "cpu"
    """Where the network lives."""

    module: tuple[str, ...] = ()
    """Modules to import first, which register the runs' environments; they can do whatever code can."""

    def __post_init__(self) -> None:
        """Checks the numbers."""
        if self.episodes < 1:
            raise ConfigError(f"--episodes is {self.episodes}; give 1 or more.")
        if self.seed < 0:
            raise ConfigError(f"--seed is {self.seed}; give 0 or more.")


@dataclass(frozen=True)
class RecordArguments:
    """Record a trained agent's greedy play: .mp4, .gif, .html (one offline page) or .png (a sheet)."""

    run: tyro.conf.Positional[Path]
    """Folder of a run made by train.py."""

    out: Path
    """File to write; its ending decides the format."""

    episodes: int = 1
    """Episodes to play."""

    seed: int = 0
    """Decides how the episodes start."""

    max_frames: int = 2_000
    """Stop after this many frames."""

    view: Literal["screen", "agent"] = "screen"
    """screen: what a person sees, beside it a pixel agent's pictures; agent: also values and saliency."""

    module: tuple[str, ...] = ()
    """Modules to import first, which register the runs' environments; they can do whatever code can."""

    def __post_init__(self) -> None:
        """Checks the numbers."""
        for name in ("episodes", "max_frames"):
            if getattr(self, name) < 1:
                option = name.replace("_", "-")
                raise ConfigError(f"--{option} is {getattr(self, name)}; give 1 or more.")
        if self.seed < 0:
            raise ConfigError(f"--seed is {self.seed}; give 0 or more.")


@dataclass(frozen=True)
class BenchmarkArguments:
    """Measure speeds and scores and print the table; every figure comes from this run."""

    parts: tuple[
        Literal[
            "frames",
            "start",
            "state",
            "pixels",
            "nature",
            "chapter",
            "chapter-pixels",
            "ablation-pixels",
            "ablation-state",
            "throughput",
            "learner",
            "priorities",
            "peers",
        ],
        ...,
    ] = ("frames", "start", "state", "pixels")
    """What to measure."""

    seeds: int = 5
    """Training runs of each kind, with seeds from 1."""

    out: Path = Path("runs/benchmark")
    """Folder of the runs; those that lie there finished are not trained again."""
