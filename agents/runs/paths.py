"""Names of the files of a run."""

from pathlib import Path


class RunPaths:
    """Paths of the files in the folder of a run."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "config.json"  # configuration, versions of packages, commit
        self.metrics = folder / "metrics.jsonl"  # scalars, one line per entry
        self.summary = folder / "summary.json"  # results, once the run is finished
        self.last = folder / "checkpoint" / "last.pt"  # state of the run, to resume it
        self.best = folder / "checkpoint" / "best.pt"  # the best agent so far
        self.lock = folder / "lock"
        self.video = folder / "episode.mp4"
        self.thumbnail = folder / "thumbnail.png"
        self.log = folder.parent / f"{folder.name}.log"  # output of the process, in a sweep
