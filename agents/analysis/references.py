"""Reference scores: published numbers, and bands of this project's runs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.analysis.baselines import against_baselines, standing
from agents.analysis.groups import differing
from agents.config import Config, flatten, to_dict
from agents.config.idle import Flat
from agents.runs.files import write_whole
from agents.runs.reader import Run

BANDS = Path(__file__).with_name("bands.json")
TOLERANCE = 1.5  # factor beyond the range of steps to solve that still counts as on track
KEY = ("env.id", "env.obs", "env.protocol", "preset")
RULES = ("env.mode", "env.difficulty")  # left open by protocols, at their defaults in published runs
MIN_STEPS = 10_000  # agent steps of a run, for a published number without its own
DEFAULTS = flatten(to_dict(Config()))


class Reference(NamedTuple):
    """A reference score for runs of the same environment, observation and protocol."""

    env: str
    obs: str
    protocol: str
    score: float
    steps: int | None  # agent steps to it; None: not published
    text: str
    source: str


PUBLISHED = tuple(Reference(**row) for row in json.loads(BANDS.with_name("published.json").read_text()))


class Band(NamedTuple):
    """Lowest, median and highest scores of this project's runs."""

    env: str
    obs: str
    protocol: str
    preset: str
    commit: str
    seeds: int
    settings: Flat  # of the first run, under dotted names
    solved: tuple[int, ...]  # agent steps to solve, of the runs that did
    steps: tuple[int, ...]
    low: tuple[float, ...]
    middle: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def reference(self) -> Reference:
        """The end of the band, as a reference."""
        text = f"this project's preset {self.preset}, middle of {self.seeds} seeds"
        return Reference(*self[:3], self.middle[-1], self.steps[-1], text, f"commit {self.commit}")

    def holds_for(self, config: Flat) -> bool:
        """Return whether the band's runs had these settings.

        Seed and reward threshold may differ; so may the number of steps, unless a schedule depends on it.
        """
        if tuple(config[name] for name in KEY) != self[:4]:
            return False
        ignored = {"reward_threshold"}
        if config["learning.learning_rate_end"] is None and not config["memory.priority_exponent"]:
            ignored.add("steps")
        return not set(differing([{**DEFAULTS, **self.settings}, config])) - ignored


def read_bands(path: Path = BANDS) -> list[Band]:
    """Return the bands of a file, by default the committed ones."""

    def frozen(row: dict[str, Any]) -> dict[str, Any]:
        return {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}

    return [Band(**row) for row in json.loads(path.read_text(), object_hook=frozen)]


def references(runs: Sequence[Run]) -> list[Reference]:
    """Return the references that apply to some of the runs, each once.

    A run must have the reference's environment, observation and protocol, with the game's default rules;
    and it must have solved its environment, or be as long as the reference.
    """
    unique: dict[Reference, None] = {}
    own_bands = read_bands()
    for run in runs:
        if any(run.config[name] is not None for name in RULES):
            continue
        own = [band.reference for band in own_bands if band.holds_for(run.config)]
        task = tuple(run.config[name] for name in KEY[:3])
        for reference in (*PUBLISHED, *own):
            long_enough = run.solved or int(run.score.steps[-1]) >= (reference.steps or MIN_STEPS)
            if reference[:3] == task and long_enough:
                unique[reference] = None
    return list(unique)


def on_track(run: Run, bands: Path = BANDS) -> list[str]:
    """Compare a run with the bands of a file, by default the committed ones, and with Atari's baselines."""
    verdicts = [_verdict(band, run) for band in read_bands(bands) if band.holds_for(run.config)]
    return [verdict for verdict in (*verdicts, against_baselines(run)) if verdict]


def published(runs: Sequence[Run]) -> list[str]:
    """Return a sentence for each published number that applies; a single run's own score is added."""
    own = ""
    if len(runs) == 1:
        own = f"; here {runs[0].best_score:.1f} within {int(runs[0].score.steps[-1]):,}"
    return [
        f"Published for {r.env} from {r.obs}: {r.score:g}{f' after {r.steps:,} steps' if r.steps else ''} "
        f"({r.text}; {r.source}){own}."
        for r in references(runs)
        if r in PUBLISHED
    ]


def _verdict(band: Band, run: Run) -> str | None:
    ours = f"this project's {band.seeds} runs (commit {band.commit})"
    solved = run.summary.steps_to_solve if run.summary else None
    same_threshold = run.config["reward_threshold"] == band.settings["reward_threshold"]
    if solved and same_threshold and len(band.solved) == band.seeds:
        low, high = min(band.solved), max(band.solved)
        # One new run in three lies outside the range of five runs.
        word = standing(is_ahead=solved * TOLERANCE < low, is_behind=solved > high * TOLERANCE)
        return f"{word}: solved after {solved:,} steps; {ours} took {low:,} to {high:,}."
    last = int(run.score.steps[-1])
    if last < run.config["evaluation.every"]:
        return None  # the band begins at the first evaluation of its runs
    value = round(float(run.score.values[-1]), 1)
    index = int(np.searchsorted(band.steps, min(last, band.steps[-1])))
    neighbours = slice(max(index - 1, 0), index + 1)
    lowest, highest = min(band.low[neighbours]), max(band.high[neighbours])
    word = standing(is_ahead=value > highest, is_behind=value < lowest)
    return (
        f"{word}: the last evaluation, after {last:,} steps, had "
        f"{value:.1f}; those of {ours} had {lowest:.1f} to {highest:.1f} there."
    )


def make_band(runs: Sequence[Run]) -> Band:
    """Return the band of runs that differ in the seed only; a shorter one keeps its last score."""
    first = runs[0]
    horizon = max(int(run.score.steps[-1]) for run in runs)
    steps = np.linspace(0, horizon, 61).round().astype(int)[1:]
    scores = np.stack([np.interp(steps, run.score.steps, run.score.values) for run in runs])
    solved = [run.summary.steps_to_solve for run in runs if run.summary and run.summary.steps_to_solve]
    low, middle, high = (
        tuple(np.round(side(scores, axis=0), 1).tolist()) for side in (np.min, np.median, np.max)
    )
    env, obs, protocol, preset = (str(first.config[name]) for name in KEY)
    return Band(
        env,
        obs,
        protocol,
        preset,
        commit=first.commit or "unknown",
        seeds=len(runs),
        settings=dict(first.config),
        solved=tuple(sorted(solved)),
        steps=tuple(steps.tolist()),
        low=low,
        middle=middle,
        high=high,
    )


def write_bands(groups: Sequence[Sequence[Run]], path: Path) -> None:
    """Write bands of runs, replacing those of the same presets."""
    new = [make_band(runs) for runs in groups]
    others = [band for band in read_bands(path) if band[:4] not in {own[:4] for own in new}]
    ranked = sorted([*others, *new], key=lambda band: band[:4])
    lines = ",\n".join(json.dumps(band._asdict()) for band in ranked)
    write_whole(path, f"[\n{lines}\n]\n")
