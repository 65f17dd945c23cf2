"""Names of the files of a run."""

import re
from pathlib import Path

MANIFEST = re.compile(r"generation-(\d{6,})\.json")


class RunPaths:
    """Paths of the files in the folder of a run."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "config.json"  # configuration, versions of packages, commit
        self.metrics = folder / "metrics.jsonl"  # scalars, one line per entry
        self.summary = folder / "summary.json"  # results, once the run is finished
        self.last = folder / "checkpoint" / "last"  # store of the run's state, to resume it
        self.best = folder / "checkpoint" / "best"  # store of the best agent so far
        self.lock = folder / "lock"
        self.video = folder / "episode.mp4"
        self.thumbnail = folder / "thumbnail.png"
        self.log = folder.parent / f"{folder.name}.log"  # output of the process, in a sweep


def manifests(store: Path) -> dict[int, Path]:
    """Return the manifests of a store by the number of their generation, newest first."""
    found = ((MANIFEST.fullmatch(path.name), path) for path in store.glob("generation-*.json"))
    numbered = {int(match[1]): path for match, path in found if match}
    return dict(sorted(numbered.items(), reverse=True))
