"""Am I on track? Published numbers, and this project's own runs, to lay a run beside."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.analysis.groups import differing
from agents.config import Config, flatten, to_dict
from agents.runs.files import write_whole
from agents.runs.reader import Curve, Run
from agents.runs.summary import Summary

BANDS = Path(__file__).with_name("bands.json")
GRID = 61  # points that a band is kept at
TOLERANCE = 1.5  # how far outside the range of steps to solve a run is still on track
KEY = ("env.id", "env.obs", "env.protocol", "preset")
RULES = ("env.mode", "env.difficulty")  # what a protocol leaves open and published runs leave alone
TOO_SHORT = 10_000  # agent steps, where a published number does not tell its own
DEFAULTS = flatten(to_dict(Config()))


class Reference(NamedTuple):
    """A number to lay a run beside; only runs with the same environment, observation and protocol."""

    env: str
    obs: str
    protocol: str
    score: float
    steps: int | None  # agent steps it was reached after; None: not told
    text: str
    source: str


PUBLISHED = (
    Reference("CartPole-v1", "state", "none", 500.0, 50_000, "DQN of rl-zoo3, one seed", "benchmark.md"),
    Reference("CartPole-v1", "state", "none", 488.7, 500_000, "DQN of CleanRL", "CleanRL's docs"),
    Reference(
        "CartPole-v1",
        "pixels",
        "none",
        450.0,
        None,
        "pass mark of a course, on each of 3 seeds",
        "Charles University NPFL139, task cart_pole_pixels",
    ),
    Reference(
        "CartPole-v1",
        "pixels",
        "none",
        23.0,
        None,
        "PyTorch's old tutorial after 21,859 episodes",
        "github.com/pytorch/tutorials, issue 683",
    ),
    Reference("ALE/Pong-v5", "pixels", "nature", 20.25, 10_000_000, "DQN of CleanRL", "CleanRL's docs"),
    Reference(
        "ALE/Pong-v5", "pixels", "nature", 20.0, 1_500_000, "3-step DQN of Tianshou", "examples/atari"
    ),
    Reference(
        "ALE/Breakout-v5",
        "pixels",
        "nature",
        366.9,
        10_000_000,
        "DQN of CleanRL",
        "CleanRL's docs",
    ),
)


class Band(NamedTuple):
    """What this project's own runs of a preset did: the lowest, middle and highest score at each point."""

    env: str
    obs: str
    protocol: str
    preset: str
    commit: str
    seeds: int
    settings: dict[str, Any]  # of the first run, under dotted names
    solved: tuple[int, ...]  # agent steps to solve, of the runs that did
    steps: tuple[int, ...]
    low: tuple[float, ...]
    middle: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def reference(self) -> Reference:
        """The band's end, as a reference."""
        text = f"this project's preset {self.preset}, middle of {self.seeds} seeds"
        source = f"commit {self.commit}"
        return Reference(*self[:3], self.middle[-1], self.steps[-1], text, source)

    def holds_for(self, config: Mapping[str, Any]) -> bool:
        """Whether the band's runs had these settings, except for seed and reward threshold.

        A budget decides only where something runs over the whole of it.
        """
        if tuple(config[name] for name in KEY) != self[:4]:
            return False
        free = {"reward_threshold"}
        if config["learning.learning_rate_end"] is None and not config["memory.priority_exponent"]:
            free.add("steps")
        return not set(differing([DEFAULTS | self.settings, config])) - free


def bands() -> list[Band]:
    """Returns the committed bands."""
    rows: list[dict[str, Any]] = json.loads(
        BANDS.read_text(), object_hook=lambda row: {k: _frozen(v) for k, v in row.items()}
    )
    return [Band(**row) for row in rows]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def references(runs: Sequence[Run]) -> list[Reference]:
    """Returns what some of the runs may be laid beside, each once.

    A run must have the reference's environment, observation and protocol, with the game's ordinary rules;
    and it must have solved its environment, or be as long as what it is laid beside.
    """
    found: dict[Reference, None] = {}
    for run in runs:
        own = [band.reference for band in bands() if band.holds_for(run.config)]
        plain = all(run.config[name] is None for name in RULES)
        task = tuple(run.config[name] for name in KEY[:3])
        for reference in (*PUBLISHED, *own):
            long_enough = run.solved or int(run.score.steps[-1]) >= (reference.steps or TOO_SHORT)
            if plain and reference[:3] == task and long_enough:
                found[reference] = None
    return list(found)


def on_track(config: Mapping[str, Any], score: Curve, summary: Summary | None) -> list[str]:
    """Returns a sentence that lays a run beside this project's own; none where their settings differ.

    Args:
        config: Its fields under dotted names.
        score: Its greedy score.
        summary: `summary.json`, once it is finished.
    """
    holding = [band for band in bands() if band.holds_for(config)]
    return [said for band in holding if (said := _beside(band, config, score, summary))]


def published(runs: Sequence[Run]) -> list[str]:
    """Returns a sentence for each published number that some of the runs may be laid beside.

    With a single run the sentence says what that one reached.
    """
    return [
        _published(reference) + (_here(runs[0]) if len(runs) == 1 else ".")
        for reference in references(runs)
        if reference in PUBLISHED
    ]


def _published(reference: Reference) -> str:
    when = f" after {reference.steps:,} steps" if reference.steps else ""
    where = f"{reference.env} from {reference.obs}"
    return f"Published for {where}: {reference.score:g}{when} ({reference.text}; {reference.source})"


def _here(run: Run) -> str:
    reached = run.summary.eval_mean if run.summary else float(np.max(run.score.values))
    return f"; here {reached:.1f} within {int(run.score.steps[-1]):,}."


def _beside(band: Band, config: Mapping[str, Any], score: Curve, summary: Summary | None) -> str | None:
    ours = f"this project's {band.seeds} runs (commit {band.commit})"
    solved = summary.steps_to_solve if summary else None
    same_mark = config["reward_threshold"] == band.settings["reward_threshold"]
    if solved and same_mark and len(band.solved) == band.seeds:
        low, high = min(band.solved), max(band.solved)
        # One new run in three lies outside the range of five.
        verdict = (
            "Ahead" if solved * TOLERANCE < low else "Behind" if solved > high * TOLERANCE else "On track"
        )
        return f"{verdict}: solved after {solved:,} steps; {ours} took {low:,} to {high:,}."
    last = int(score.steps[-1])
    if last < config["evaluation.every"]:
        return None  # the band begins where its runs were first evaluated
    at, value = min(last, band.steps[-1]), round(float(score.values[-1]), 1)
    near = slice(max(int(np.searchsorted(band.steps, at)) - 1, 0), int(np.searchsorted(band.steps, at)) + 1)
    least, most = min(band.low[near]), max(band.high[near])
    verdict = "Ahead" if value > most else "Behind" if value < least else "On track"
    reached = f"{verdict}: the last evaluation, after {last:,} steps, had {value:.1f}"
    return f"{reached}; those of {ours} had {least:.1f} to {most:.1f} there."


def make_band(runs: Sequence[Run]) -> Band:
    """Returns the band of runs that differ in nothing but the seed; a run that ended holds its score."""
    first = runs[0]
    horizon = max(int(run.score.steps[-1]) for run in runs)
    steps = np.linspace(0, horizon, GRID).round().astype(int)[1:]
    scores = np.stack(
        [np.interp(steps, run.score.steps, run.score.values) for run in runs]
    )  # [R, GRID - 1]
    solved = [run.summary.steps_to_solve for run in runs if run.summary and run.summary.steps_to_solve]
    sides = (np.round(side(scores, axis=0), 1).tolist() for side in (np.min, np.median, np.max))
    low, middle, high = (tuple(side) for side in sides)
    env, obs, protocol, preset = (str(first.config[name]) for name in KEY)
    return Band(
        env,
        obs,
        protocol,
        preset,
        first.commit or "unknown",
        len(runs),
        dict(first.config),
        tuple(sorted(solved)),
        tuple(steps.tolist()),
        low,
        middle,
        high,
    )


def write_bands(groups: Sequence[Sequence[Run]]) -> None:
    """Writes bands of groups of runs to the package's `bands.json`, in place of older ones of theirs."""
    made = [make_band(runs) for runs in groups]
    kept = [band for band in bands() if band[:4] not in {new[:4] for new in made}]
    ranked = sorted([*kept, *made], key=lambda band: band[:4])
    lines = ",\n".join(json.dumps(band._asdict()) for band in ranked)
    write_whole(BANDS, f"[\n{lines}\n]\n")
