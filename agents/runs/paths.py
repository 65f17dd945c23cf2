"""Names of the files of a run."""

from pathlib import Path


class RunPaths:
    """Paths of the files in the folder of a run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.json"
        """Configuration, versions of packages, commit."""
        self.metrics = folder / "metrics.jsonl"
        """Scalars, one line per entry."""
        self.summary = folder / "summary.json"
        """Results, once the run is finished."""
        self.checkpoints = folder / "checkpoint"
        self.last = self.checkpoints / "last.pt"
        """State of the run, to resume it."""
        self.best = self.checkpoints / "best.pt"
        """The best agent so far."""
        self.lock = folder / "lock"
        self.video = folder / "episode.mp4"
        self.thumbnail = folder / "thumbnail.png"
        self.log = folder.with_name(f"{folder.name}.log")
        """Output of the process, in a sweep."""
