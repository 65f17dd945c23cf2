"""Runs as they lie on the disk: configuration, curves, summary."""

import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.config import ConfigError, flatten, to_dict
from agents.runs.documents import read_stamp, read_summary

SCORE = "return/eval"
SOLVED = "return/solved"
SECONDS = "time/train_seconds"
KEPT = (SCORE, SOLVED, "probe/")  # what tags must start with to be kept: the rest is not compared


class TooEarlyError(ConfigError):
    """A run has no evaluation yet."""


class Curve(NamedTuple):
    """One tag of a run."""

    steps: NDArray[np.int64]  # [T] agent steps
    values: NDArray[np.float64]  # [T]
    seconds: NDArray[np.float64]  # [T] of training, evaluation left out


@dataclass(frozen=True)
class Run:
    """What a run folder holds."""

    path: Path
    config: Mapping[str, Any]
    """Fields under dotted names, as in `returns.n_step`."""
    curves: Mapping[str, Curve]
    """By tag; `return/eval` is always there."""
    summary: Mapping[str, Any] | None
    """`summary.json`; None while the run is unfinished."""
    commit: str | None
    """Of the source tree that it ran with."""

    @property
    def score(self) -> Curve:
        """Greedy score."""
        return self.curves[SCORE]

    @property
    def kept(self) -> bool:
        """Whether it has kept an agent, to be played."""
        return (self.path / "checkpoint" / "best.pt").is_file()

    @property
    def finished(self) -> bool:
        """Whether it came to its end; a run that goes on past its summary has not."""
        return self.summary is not None and int(self.score.steps[-1]) <= self.summary["env_steps"]

    @property
    def solved(self) -> bool:
        """Whether it ended because the environment was solved."""
        return self.finished and self.summary is not None and bool(self.summary["solved"])

    @property
    def games(self) -> int:
        """Whole games that its score at the end is the mean of."""
        return int(self.config["evaluation.solved_episodes" if self.finished else "evaluation.episodes"])

    @property
    def kept_score(self) -> float:
        """Score of the kept agent: `eval_mean` of a finished run, else of its best evaluation."""
        return float(self.summary["eval_mean"] if self.summary else self.score.values.max())


def find_runs(paths: Iterable[Path]) -> list[Path]:
    """Returns the run folders that are named, and those below folders that are not runs themselves.

    Raises:
        ConfigError: a path holds no run.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if (path / "config.json").is_file():
            below = [path]
        else:
            below = sorted((config.parent for config in path.rglob("config.json")), key=_in_order)
        if not below:
            raise ConfigError(
                f"{path} holds no run; name folders made by train.py, or a folder above them."
            )
        for run in below:
            found.setdefault(run.resolve(), run)
    return list(found.values())


def read_runs(paths: Iterable[Path]) -> tuple[list[Run], list[Path]]:
    """Reads the runs of `find_runs`; those without an evaluation yet are left out and named.

    Raises:
        ConfigError: as `read_run`, or no run is left.
    """
    runs, early = [], []
    for path in find_runs(paths):
        try:
            runs.append(read_run(path))
        except TooEarlyError as error:
            early.append(path)
            reason = error
    if not runs:
        raise reason
    return runs, early


def _in_order(path: Path) -> list[tuple[int, str]]:
    """Sorts `seed2` before `seed10`."""
    return [(int(part or 0), text) for text, part in re.findall(r"(\D*)(\d*)", str(path))]


def read_run(path: Path) -> Run:
    """Reads a run folder.

    Raises:
        ConfigError: a file is missing or damaged, or there is no evaluation yet.
    """
    config, stamp = read_stamp(path)
    curves = read_curves(path)
    if SCORE not in curves:
        raise TooEarlyError(f"{path} has no evaluation yet; let it train on, or leave it out.")
    return Run(
        path=path,
        config=flatten(to_dict(config)),
        curves=curves,
        summary=read_summary(path),
        commit=stamp.get("commit"),
    )


def read_curves(run: Path, kept: tuple[str, ...] = KEPT) -> dict[str, Curve]:
    """Returns the curves of a run by tag.

    Args:
        run: Its folder.
        kept: What tags must start with.

    Raises:
        ConfigError: there are no metrics, or they are damaged.
    """
    rows: dict[str, list[tuple[int, float, float]]] = {}
    now = 0.0
    for entry in _read_lines(run / "metrics.jsonl"):
        now = entry.get(SECONDS, now)
        for tag, value in entry.items():
            if tag.startswith(kept):
                rows.setdefault(tag, []).append((entry["env_steps"], value, now))
    return {tag: _curve(points) for tag, points in rows.items()}


def _curve(points: list[tuple[int, float, float]]) -> Curve:
    steps, values, seconds = np.array(points, np.float64).T
    return Curve(steps.astype(np.int64), values, seconds)


def _read_lines(path: Path) -> list[dict[str, Any]]:
    """Returns the entries of a metrics file; the last line of a run at work may be half written."""
    if not path.is_file():
        raise ConfigError(f"{path.parent} holds no run (no metrics.jsonl); name folders made by train.py.")
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    lines = whole.splitlines()
    try:
        # One call of the parser for all lines takes half as long as one for each.
        entries: list[dict[str, Any]] = json.loads(b"[" + b",".join(lines) + b"]")
    except (ValueError, RecursionError):
        entries = []
    if len(entries) == len(lines) and all(map(_is_entry, entries)):
        return entries
    bad = next((i for i, line in enumerate(lines, 1) if not _holds_entry(line)), 1)
    raise ConfigError(f"{path} is damaged in line {bad}; restore the file or leave this run out.")


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or type(entry.get("env_steps")) is not int:
        return False
    return abs(entry["env_steps"]) < 2**53 and all(map(_is_number, entry.values()))


def _is_number(value: Any) -> bool:
    """Whether a value fits a float; endless ones do, which a run writes that diverges."""
    return type(value) is float or (type(value) is int and abs(value) <= sys.float_info.max)


def _holds_entry(line: bytes) -> bool:
    try:
        return _is_entry(json.loads(line))
    except (ValueError, RecursionError):
        return False
