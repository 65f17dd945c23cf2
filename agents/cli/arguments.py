"""The arguments of each script as data; docstrings are the help."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from agents.config import ConfigError
from agents.runs.files import check_output
from envs.config import LARGEST_SEED, count, number

POSITIONAL = {"positional": True}
LARGEST_COUNT = 10**9

CartPolePart = Literal["frames", "start", "state", "pixels", "nature", "chapter", "chapter-pixels"]
Ablation = Literal["ablation-pixels", "ablation-state"]
AtariPart = Literal["throughput", "learner", "priorities", "peers"]


@dataclass(frozen=True)
class EvaluateArguments:
    """Evaluate a trained agent on held-out seeds."""

    run: Path = field(metadata=POSITIONAL)
    """Folder of a run made by train.py."""

    episodes: int = count(100, 1, LARGEST_COUNT)
    """Complete episodes to play."""

    seed: int = count(0, 0, LARGEST_SEED)
    """Seed of the held-out episodes."""

    epsilon: float | None = number(None, 0, 1)
    """Probability of a random action; 0: greedy; None: that of the run's evaluations, by its protocol."""

    json: bool = False
    """Print one line of JSON instead of a sentence."""

    device: Literal["auto", "cpu", "cuda"] = "cpu"
    """Device of the network."""

    module: tuple[str, ...] = ()
    """Modules to import first, which register the runs' environments; they run arbitrary code."""


@dataclass(frozen=True)
class RecordArguments:
    """Record a trained agent as .mp4, .gif, .html or .png (a sheet)."""

    run: Path = field(metadata=POSITIONAL)
    """Folder of a run made by train.py."""

    out: Path
    """File to write; its ending selects the format."""

    view: Literal["screen", "agent"] = "screen"
    """screen: the rendered screen, and the images of a pixel agent; agent: also values and saliency."""

    episodes: int = count(1, 1, LARGEST_COUNT)
    """Episodes to play."""

    max_frames: int = count(2_000, 1, LARGEST_COUNT)
    """Stop after this many frames."""

    seed: int = count(0, 0, LARGEST_SEED)
    """Seed of the episodes."""

    module: tuple[str, ...] = ()
    """Modules to import first, which register the runs' environments; they run arbitrary code."""


@dataclass(frozen=True)
class CompareArguments:
    """Compare runs: pixels with the state, and methods with each other."""

    runs: tuple[Path, ...] = field(metadata=POSITIONAL)
    """Folders of runs made by train.py, or folders above them, such as runs/CartPole-v1."""

    out: Path | None = None
    """Page to write, one offline .html file."""

    figures: Path | None = None
    """Folder for the figures as .png and .svg, and the numbers as .csv."""

    videos: bool = True
    """Show an episode of each group's typical run on the page; recorded once, into the run's folder."""

    reward_threshold: float | None = None
    """Score to reach; by default the environment's reward threshold."""

    module: tuple[str, ...] = ()
    """Modules to import first, which register the runs' environments; they run arbitrary code."""

    force: bool = False
    """Compare runs made under different protocols; the page says so."""

    as_reference: bool = False
    """Save these runs as the reference bands of later runs (agents/analysis/bands.json)."""

    def __post_init__(self) -> None:
        if not self.runs:
            raise ConfigError("Name the runs to compare, such as runs/CartPole-v1.")
        if self.figures is not None and self.figures.exists() and not self.figures.is_dir():
            raise ConfigError(f"--figures {self.figures} is no folder; choose another name.")
        if self.out is not None:
            check_output(self.out, (".html",))


@dataclass(frozen=True)
class VerifyArguments:
    """Check run folders: checksums of checkpoints, metrics against TensorBoard's events."""

    runs: tuple[Path, ...] = field(metadata=POSITIONAL)
    """Folders of runs made by train.py, or folders above them, such as runs/CartPole-v1."""

    def __post_init__(self) -> None:
        if not self.runs:
            raise ConfigError("Name the runs to check, such as runs/CartPole-v1.")


@dataclass(frozen=True)
class SweepArguments:
    """Train a grid of runs: environments x observations x presets x seeds.

    Each run is a separate process of scripts/train.py. A second call skips finished runs and resumes
    stopped ones. Other options, such as --steps 20000, are passed to every run.
    """

    env: tuple[str, ...] = ("CartPole-v1",)
    """Gymnasium ids or short names of Atari games."""

    obs: tuple[Literal["pixels", "state"], ...] = ("pixels", "state")
    """Observations."""

    preset: tuple[str, ...] = ()
    """Presets, by default fast; see scripts/train.py --help."""

    seeds: int = count(5, 1, 10_000)
    """Runs per combination, with seeds from 1."""

    out: Path = Path("runs")
    """Parent folder of the runs' folders."""

    jobs: int = count(0, 0, LARGEST_COUNT)
    """Parallel runs, which share the cores; 0: one per core."""

    board: bool = False
    """Run eight Atari games in place of --env; then write a table and a figure of them beside published
    curves to <out>/board."""

    ladder: bool = False
    """Run all presets of the family in place of --preset, from the observations each supports; then write
    a table and a figure of their steps and seconds to solve the environment to <out>/ladder."""

    def __post_init__(self) -> None:
        for name in ("env", "obs"):
            if not getattr(self, name):
                raise ConfigError(f"--{name} lacks its value; name at least one.")
        if self.board and (self.ladder or self.env != SweepArguments.env):
            raise ConfigError("--board has games of its own; leave --env and --ladder out.")
        if self.ladder and len(self.env) != 1:
            raise ConfigError("--ladder compares presets in one environment; name one --env.")
        if self.ladder and self.preset:
            raise ConfigError("--ladder runs all presets of the family; leave --preset out, or --ladder.")


@dataclass(frozen=True)
class BenchmarkArguments:
    """Measure speeds and scores, and print them as a table."""

    parts: tuple[Literal[CartPolePart, Ablation, AtariPart], ...] = ("frames", "start", "state", "pixels")
    """Measurements."""

    seeds: int = count(5, 1, LARGEST_COUNT)
    """Training runs per measurement, with seeds from 1."""

    out: Path = Path("runs/benchmark")
    """Folder of the runs; finished ones are not trained again."""


@dataclass(frozen=True)
class AtariBenchmarkArguments:
    """Measure emulation, learner and memory for Atari, and compare with another library."""

    part: AtariPart = field(metadata=POSITIONAL)
    """Measurement."""


@dataclass(frozen=True)
class ChapterArguments:
    """Train with the chapter's own loop and print one line of JSON."""

    episodes: int = count(100, 1, LARGEST_COUNT)
    """Training episodes; epsilon decays over the first 100."""

    seed: int = count(1, 0, 2**32 - 1)
    """Seed of every random number generator."""

    max_steps: int = count(5_000, 1, LARGEST_COUNT)
    """Steps after which an episode is truncated."""
