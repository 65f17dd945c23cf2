"""What the scripts that read runs can be asked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from agents.command_line import POSITIONAL
from agents.config import ConfigError


@dataclass(frozen=True)
class CompareArguments:
    """Compare runs: how much more do pixels take than the state, and which method does better?"""

    runs: Annotated[tuple[Path, ...], POSITIONAL]
    """Folders of runs made by train.py, or folders above them, such as runs/CartPole-v1."""

    out: Path | None = None
    """Page to write, one offline .html file."""

    figures: Path | None = None
    """Folder for the figures as .png and .svg, and the numbers as .csv."""

    threshold: float | None = None
    """Score whose reaching is timed; by default the environment's solved mark."""

    plays: bool = True
    """Show a play of each group's typical agent on the page; recorded once, into the run's folder."""

    as_reference: bool = False
    """Make these runs the bands that later ones are told to be on track by (agents/analysis/bands.json)."""

    module: tuple[str, ...] = ()
    """Modules to import first, which register the runs' environments; they can do whatever code can."""

    force: bool = False
    """Put runs side by side that were made under different protocols; the page says so."""

    def __post_init__(self) -> None:
        """Checks before anything is read."""
        if not self.runs:
            raise ConfigError("Name the runs to compare, such as runs/CartPole-v1.")
        if self.figures is not None and self.figures.exists() and not self.figures.is_dir():
            raise ConfigError(f"--figures {self.figures} is no folder; choose another name.")
        if self.out is None:
            return
        if self.out.suffix != ".html":
            raise ConfigError(f"--out {self.out}: choose a name that ends in .html.")
        if not self.out.parent.is_dir():
            raise ConfigError(
                f"--out {self.out}: the folder {self.out.parent} does not exist; make it first."
            )
