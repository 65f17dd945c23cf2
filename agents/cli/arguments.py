"""What each script can be asked, as data; the text under a field is its help."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from agents.config import ConfigError
from agents.config.kinds import fits

POSITIONAL = {"positional": True}
MOST = 10**9  # of anything that is counted
LARGEST_SEED = 2**63 - 1

BenchmarkPart = Literal[
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
]


def _check_counts(arguments: object, **least: int) -> None:
    """Raises `ConfigError` where a field is below what is named here, or beyond all bounds."""
    for name, lowest in least.items():
        value, option = getattr(arguments, name), name.replace("_", "-")
        if value < lowest:
            raise ConfigError(f"--{option} is {value}; give {lowest} or more.")
        most = LARGEST_SEED if name == "seed" else MOST
        if value > most:
            raise ConfigError(f"--{option} is {value}; give {most} or less.")


def _check_page(out: Path) -> None:
    if out.suffix != ".html":
        raise ConfigError(f"--out {out}: choose a name that ends in .html.")
    if not out.parent.is_dir():
        raise ConfigError(f"--out {out}: the folder {out.parent} does not exist; make it first.")
    if out.is_dir():
        raise ConfigError(f"--out {out} is a folder; choose another name.")


@dataclass(frozen=True)
class EvaluateArguments:
    """Measure a trained agent's greedy play on seeds it was never trained on."""

    run: Path = field(metadata=POSITIONAL)
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
        _check_counts(self, episodes=1, seed=0)


@dataclass(frozen=True)
class RecordArguments:
    """Record a trained agent's greedy play: .mp4, .gif, .html (one offline page) or .png (a sheet)."""

    run: Path = field(metadata=POSITIONAL)
    """Folder of a run made by train.py."""

    out: Path = field()
    """File to write; its ending decides the format."""

    view: Literal["screen", "agent"] = "screen"
    """screen: what a person sees, beside it a pixel agent's images; agent: also values and saliency."""

    episodes: int = 1
    """Episodes to play."""

    max_frames: int = 2_000
    """Stop after this many frames."""

    seed: int = 0
    """Decides how the episodes start."""

    module: tuple[str, ...] = ()
    """Modules to import first, which register the runs' environments; they can do whatever code can."""

    def __post_init__(self) -> None:
        """Checks the numbers."""
        _check_counts(self, episodes=1, max_frames=1, seed=0)


@dataclass(frozen=True)
class CompareArguments:
    """Compare runs: how much more do pixels take than the state, and which method does better?"""

    runs: tuple[Path, ...] = field(metadata=POSITIONAL)
    """Folders of runs made by train.py, or folders above them, such as runs/CartPole-v1."""

    out: Path | None = None
    """Page to write, one offline .html file."""

    figures: Path | None = None
    """Folder for the figures as .png and .svg, and the numbers as .csv."""

    plays: bool = True
    """Show a play of each group's typical agent on the page; recorded once, into the run's folder."""

    reward_threshold: float | None = None
    """Score whose reaching is timed; by default the environment's reward threshold."""

    module: tuple[str, ...] = ()
    """Modules to import first, which register the runs' environments; they can do whatever code can."""

    force: bool = False
    """Put runs side by side that were made under different protocols; the page says so."""

    as_reference: bool = False
    """Make these runs the bands that later ones are told to be on track by (agents/analysis/bands.json)."""

    def __post_init__(self) -> None:
        """Checks before anything is read."""
        if not self.runs:
            raise ConfigError("Name the runs to compare, such as runs/CartPole-v1.")
        if not fits(float | None, self.reward_threshold):
            raise ConfigError(f"--threshold is {self.reward_threshold}; give a number.")
        if self.figures is not None and self.figures.exists() and not self.figures.is_dir():
            raise ConfigError(f"--figures {self.figures} is no folder; choose another name.")
        if self.out is not None:
            _check_page(self.out)


@dataclass(frozen=True)
class SweepArguments:
    """Train a grid of runs: every environment x observation x preset x seed.

    Each run is a process of its own, as scripts/train.py makes it; called again, finished runs are left
    alone and stopped ones go on. Every further option is handed to all runs, such as --steps 20000.
    """

    env: tuple[str, ...] = ("CartPole-v1",)
    """Gymnasium ids or short names of Atari games."""

    obs: tuple[Literal["pixels", "state"], ...] = ("pixels", "state")
    """What the agents see."""

    preset: tuple[str, ...] = ()
    """Presets, by default fast; see scripts/train.py --help."""

    seeds: int = 5
    """Runs of each kind, with seeds from 1."""

    out: Path = Path("runs")
    """Folder that the runs' folders are made in."""

    jobs: int = 0
    """Runs side by side, which share the cores; 0: one per core."""

    ladder: bool = False
    """All presets of the family in place of --preset, each from the observations it is for; then a table
    and a figure of the steps and seconds each took to solve the environment, in <out>/ladder."""

    def __post_init__(self) -> None:
        """Checks the numbers, and what a ladder leaves no choice about."""
        _check_counts(self, seeds=1, jobs=0)
        if self.seeds > 10_000:
            raise ConfigError(f"--seeds is {self.seeds}; give 10000 or less.")
        for name in ("env", "obs"):
            if not getattr(self, name):
                raise ConfigError(f"--{name} lacks its value; name at least one.")
        if self.ladder and len(self.env) != 1:
            raise ConfigError("--ladder compares presets in one environment; name one --env.")
        if self.ladder and self.preset:
            raise ConfigError("--ladder runs all presets of the family; leave --preset out, or --ladder.")


@dataclass(frozen=True)
class BenchmarkArguments:
    """Measure speeds and scores and print the table; every figure comes from this run."""

    parts: tuple[BenchmarkPart, ...] = ("frames", "start", "state", "pixels")
    """What to measure."""

    seeds: int = 5
    """Training runs of each kind, with seeds from 1."""

    out: Path = Path("runs/benchmark")
    """Folder of the runs; those that lie there finished are not trained again."""

    def __post_init__(self) -> None:
        """Checks the numbers."""
        _check_counts(self, seeds=1)


@dataclass(frozen=True)
class AtariBenchmarkArguments:
    """Measure emulation, learner and memory for Atari, and a peer side by side."""

    part: Literal["throughput", "learner", "priorities", "peers", "own", "peer"] = field(
        metadata=POSITIONAL
    )
    """What to measure; own and peer are the two sides of peers."""


@dataclass(frozen=True)
class ChapterArguments:
    """Train by the chapter's own loop, as a book prints it; prints one line of JSON."""

    episodes: int = 100
    """Episodes to train for; epsilon falls over the first 100."""

    seed: int = 1
    """Decides every random number."""

    max_steps: int = 5_000
    """Steps after which an episode is cut off that does not end by itself."""

    def __post_init__(self) -> None:
        """Checks the numbers."""
        _check_counts(self, episodes=1, seed=0, max_steps=1)
        if self.seed >= 2**32:
            raise ConfigError(f"--seed is {self.seed}; give less than {2**32}.")
