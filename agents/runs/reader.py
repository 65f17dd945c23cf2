"""Reading of run folders: configuration, curves, summary."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.config import Config, ConfigError, flatten, from_dict, to_dict, with_fields
from agents.config.idle import MAY_CHANGE, Flat
from agents.config.kinds import fits
from agents.runs.files import damaged, read_json
from agents.runs.paths import RunPaths, manifests
from agents.runs.summary import Summary
from agents.runs.tags import CONFIRMED, EPISODES, R2, SCORE, SECONDS, TRAINING

COMPARED = (SCORE, CONFIRMED, R2, TRAINING, EPISODES)
"""Beginnings of the tags that are compared between runs."""


class TooEarlyError(ConfigError):
    """A run has no evaluation yet."""


class Curve(NamedTuple):
    """One tag of a run."""

    steps: NDArray[np.int64]  # [T] agent steps
    values: NDArray[np.float64]  # [T]
    seconds: NDArray[np.float64]  # [T] of training, without evaluation


class Run(NamedTuple):
    """The contents of a run folder."""

    path: Path
    config: Flat
    curves: Mapping[str, Curve]  # by tag; `return/eval` is always there
    summary: Summary | None  # None while the run is unfinished
    commit: str | None  # of the source tree that it ran with

    @property
    def score(self) -> Curve:
        """Greedy score."""
        return self.curves[SCORE]

    @property
    def has_agent(self) -> bool:
        """Whether there is a best checkpoint, to play."""
        return bool(manifests(RunPaths(self.path).best))

    @property
    def finished(self) -> bool:
        """Whether the run has come to its end, and was not resumed since."""
        return self.summary is not None and int(self.score.steps[-1]) <= self.summary.env_steps

    @property
    def solved(self) -> bool:
        """Whether it ended because the environment was solved."""
        return self.finished and self.summary is not None and bool(self.summary.solved)

    @property
    def score_episodes(self) -> int:
        """Episodes in the mean of its final score."""
        return int(self.config["evaluation.solved_episodes" if self.finished else "evaluation.episodes"])

    @property
    def best_score(self) -> float:
        """Score of the best checkpoint: the summary's, else that of the best evaluation."""
        return self.summary.eval_mean if self.summary else float(self.score.values.max())


def read_config(folder: Path) -> Config:
    """Return the configuration of the run in this folder.

    Raises:
        ConfigError: there is no run, or the file is damaged.
    """
    return _read_stamp(folder)[0]


def with_saved_capacity(config: Config, folder: Path) -> Config:
    """Give a memory of open size the capacity that the run in this folder chose, if there is one."""
    if config.memory.capacity is not None or not RunPaths(folder).config.is_file():
        return config
    return with_fields(config, {"memory.capacity": read_config(folder).memory.capacity})


def differing_options(old: Config, new: Config) -> list[str]:
    """Return the options that keep a run from being resumed with another configuration."""
    before, after = flatten(to_dict(old)), flatten(to_dict(new))
    names = sorted(name for name in before if before[name] != after[name] and name not in MAY_CHANGE)
    return [f"--{name}".replace("_", "-") for name in names]


def _read_stamp(folder: Path) -> tuple[Config, str | None]:
    """Return configuration and commit."""
    path = RunPaths(folder).config
    if not path.is_file():
        raise ConfigError(f"{folder} holds no run (no config.json); name a folder made by train.py.")
    stamp = read_json(path)
    if not isinstance(stamp.get("config"), dict):
        raise damaged(path, "no config in it")
    try:
        return from_dict(stamp["config"]), stamp.get("commit")
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def read_summary(folder: Path) -> Summary | None:
    """Return the summary of the run in this folder; None while it is unfinished.

    Raises:
        ConfigError: the file is damaged.
    """
    path = RunPaths(folder).summary
    if not path.is_file():
        return None
    values = read_json(path)
    try:
        return Summary.from_dict(values)
    except ValueError as error:
        raise damaged(path, str(error)) from error


def find_runs(paths: Iterable[Path]) -> list[Path]:
    """Return run folders: those named, and all below folders that are no runs.

    Raises:
        ConfigError: a path holds no run.
    """
    runs: dict[Path, Path] = {}
    for path in paths:
        if RunPaths(path).config.is_file():
            below = [path]
        else:
            below = sorted((config.parent for config in path.rglob("config.json")), key=_natural_order)
        if not below:
            raise ConfigError(
                f"{path} holds no run; name folders made by train.py, or a folder above them."
            )
        for run in below:
            runs.setdefault(run.resolve(), run)
    return list(runs.values())


def _natural_order(path: Path) -> list[tuple[int, str]]:
    """Sort `seed2` before `seed10`."""
    return [(int(part or 0), text) for text, part in re.findall(r"(\D*)(\d*)", str(path))]


def read_runs(paths: Iterable[Path]) -> tuple[list[Run], list[Path]]:
    """Return the runs of `find_runs`, and the folders of those without an evaluation yet.

    Raises:
        ConfigError: as `read_run`, or no run has an evaluation.
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


def read_run(path: Path) -> Run:
    """Read a run folder.

    Raises:
        ConfigError: a file is missing or damaged, or there is no evaluation yet.
    """
    config, commit = _read_stamp(path)
    curves = read_curves(path)
    if SCORE not in curves:
        raise TooEarlyError(f"{path} has no evaluation yet; let it train on, or leave it out.")
    return Run(path, flatten(to_dict(config)), curves, read_summary(path), commit)


def read_curves(folder: Path, tags: tuple[str, ...] = COMPARED) -> dict[str, Curve]:
    """Return the curves of a run by tag, of tags with these beginnings.

    Raises:
        ConfigError: there are no metrics, or they are damaged.
    """
    rows: dict[str, list[tuple[int, float, float]]] = {}
    now = 0.0
    for entry in _read_lines(RunPaths(folder).metrics):
        now = entry.get(SECONDS, now)
        for tag, value in entry.items():
            if tag.startswith(tags):
                rows.setdefault(tag, []).append((int(entry["env_steps"]), value, now))
    columns = {tag: np.array(points, np.float64).T for tag, points in rows.items()}
    return {tag: Curve(steps.astype(np.int64), *others) for tag, (steps, *others) in columns.items()}


def newest_step(folder: Path) -> int:
    """Return the agent steps at the newest entry of a run's metrics, or 0."""
    try:
        with RunPaths(folder).metrics.open("rb") as file:
            file.seek(max(file.seek(0, 2) - 4096, 0))
            return int(json.loads(file.read().splitlines()[-1])["env_steps"])
    except (OSError, IndexError, ValueError, KeyError, TypeError):
        return 0


def _read_lines(path: Path) -> Iterator[dict[str, float]]:
    """Yield the entries of a metrics file, without an incomplete last line."""
    if not path.is_file():
        raise ConfigError(f"{path.parent} holds no run (no metrics.jsonl); name folders made by train.py.")
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        if not _is_entry(entry):
            raise ConfigError(
                f"{path} is damaged in line {number}; restore the file or leave this run out."
            )
        yield entry


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict) or type(entry.get("env_steps")) is not int:
        return False
    # A float is also infinite or NaN, in a diverging run, which `fits` refuses.
    numbers = all(type(value) is float or fits(float, value) for value in entry.values())
    return abs(entry["env_steps"]) < 2**53 and numbers
