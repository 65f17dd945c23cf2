"""What a set of runs answers: scores, times to a reward threshold, ratios, who beats whom."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

import numpy as np

from agents.analysis.groups import Group, check_protocols, differences, group_runs
from agents.analysis.intervals import (
    FEWEST,
    Estimate,
    Times,
    improvement_interval,
    ratio_of_medians,
    student_interval,
)
from agents.analysis.statistics import (
    Array,
    area_under_curve,
    iqm,
    mean,
    median,
    optimality_gap,
    probability_of_improvement,
)
from agents.runs.reader import Run
from agents.runs.tags import CONFIRMED
from envs.families import human_normalised, reference_scores


class Row(NamedTuple):
    """One group's answers; `[R]` is by run."""

    group: Group
    ends: Array  # [R] score at the end
    end: Estimate  # IQM of them
    areas: Array  # [R] mean score over the environment's common horizon
    area: Estimate  # IQM of them
    kept: float | None  # mean over runs of the kept agents' scores; None while none is finished
    steps: Times | None  # to the reward threshold; None where there is no reward threshold
    seconds: Times | None
    confirmed: bool  # whether reaching the reward threshold was measured a second time, over more episodes


class Ratio(NamedTuple):
    """How much more the pixels take than the state, all else alike."""

    what: str  # preset and whatever else the two sides share
    pixels: Row
    state: Row
    steps: Estimate
    seconds: Estimate


class Improvement(NamedTuple):
    """How probably a run of one method has a higher mean score than one of another."""

    left: str
    right: str
    tasks: int
    estimate: Estimate


class Task(NamedTuple):
    """One environment's answers."""

    name: str
    reward_threshold: float | None  # score to reach
    horizon: int  # agent steps of the longest run
    rows: tuple[Row, ...]
    ratios: tuple[Ratio, ...]
    improvements: tuple[Improvement, ...]


class Aggregate(NamedTuple):
    """One method over several games, where random play is 0 and a human 1."""

    method: str
    scores: tuple[Array, ...]  # [R] a game
    iqm: Estimate
    median: Estimate
    mean: Estimate
    optimality_gap: Estimate


@dataclass(frozen=True)
class Comparison:
    """All answers, ready to be told."""

    tasks: tuple[Task, ...]
    games: tuple[Aggregate, ...]
    """Only methods that played every game."""
    improvements: tuple[Improvement, ...]
    """Over all environments that two methods share, where they share more than one."""
    differences: tuple[tuple[str, list[str]], ...]
    """Option, and its value in each group."""
    warnings: tuple[str, ...] = field(default=())
    """What must stand above everything else."""

    @property
    def groups(self) -> list[Group]:
        """All groups, by environment."""
        return [row.group for task in self.tasks for row in task.rows]


def compare(
    runs: Sequence[Run], *, reward_threshold: float | None = None, force: bool = False
) -> Comparison:
    """Groups runs and answers.

    Args:
        runs: Of any environments, presets and observations.
        reward_threshold: Score whose reaching is timed; None: each environment's reward threshold.
        force: Put runs side by side that different protocols keep from being compared.

    Raises:
        ConfigError: protocols differ, and `force` was not asked.
    """
    warning = check_protocols(runs, force)
    groups = group_runs(runs)
    names = list(dict.fromkeys(group.environment for group in groups))
    tasks = [_task(name, [g for g in groups if g.environment == name], reward_threshold) for name in names]
    return Comparison(
        tasks=tuple(tasks),
        games=tuple(_over_games(tasks)),
        improvements=tuple(_over_tasks(tasks)) if len(tasks) > 1 else (),
        differences=tuple(differences(groups)),
        warnings=(warning,) if warning else (),
    )


def _task(name: str, groups: list[Group], reward_threshold: float | None) -> Task:
    runs = [run for group in groups for run in group.runs]
    if reward_threshold is None:
        thresholds = [run.summary.reward_threshold for run in runs if run.summary]
        reward_threshold = max((one for one in thresholds if one is not None), default=None)
    horizon = max(int(run.score.steps[-1]) for run in runs)
    rows = [_row(group, reward_threshold, horizon) for group in groups]
    pairs = [_improvement([pair]) for pair in combinations(rows, 2)]
    ratios = [] if reward_threshold is None else _ratios(rows, reward_threshold)
    return Task(name, reward_threshold, horizon, tuple(rows), tuple(ratios), tuple(pairs))


def _confirms(run: Run, reward_threshold: float) -> bool:
    """Whether the run confirmed, over more episodes, that it reached the reward threshold."""
    if run.summary is not None:
        return bool(run.summary.reward_threshold == reward_threshold)
    return run.config["reward_threshold"] in ("auto", reward_threshold)


def _row(group: Group, reward_threshold: float | None, horizon: int) -> Row:
    ends = np.array([_end(run) for run in group.runs])
    areas = np.array([area_under_curve(run.score.steps, run.score.values, horizon) for run in group.runs])
    kept = [run.summary.eval_mean for run in group.runs if run.summary]
    confirmed = reward_threshold is not None and all(_confirms(run, reward_threshold) for run in group.runs)
    steps, seconds = (
        (None, None) if reward_threshold is None else _times(group, reward_threshold, confirmed)
    )
    return Row(
        group=group,
        ends=ends,
        end=student_interval(iqm, [ends]),
        areas=areas,
        area=student_interval(iqm, [areas]),
        kept=float(np.mean(kept)) if kept else None,
        steps=steps,
        seconds=seconds,
        confirmed=confirmed,
    )


def _end(run: Run) -> float:
    """Score at the end: of many episodes once the run is finished, else of its last evaluation."""
    return float(run.summary.final_mean if run.finished and run.summary else run.score.values[-1])


def _times(group: Group, reward_threshold: float, confirmed: bool) -> tuple[Times, Times]:
    """Returns the steps and the seconds at which runs reached a reward threshold, or ended without."""
    steps, seconds, reached = [], [], []
    for run in group.runs:
        curve = run.curves.get(CONFIRMED) if confirmed else run.score
        above = (
            np.flatnonzero(curve.values >= reward_threshold) if curve is not None else np.zeros(0, np.int64)
        )
        found = curve is not None and len(above) > 0
        at = curve if curve is not None and found else run.score
        place = above[0] if found else -1
        steps.append(at.steps[place])
        seconds.append(at.seconds[place])
        reached.append(found)
    came = np.array(reached)
    return Times(np.array(steps, np.float64), came), Times(np.array(seconds, np.float64), came)


def _ratios(rows: list[Row], reward_threshold: float) -> list[Ratio]:
    """Pairs the groups that differ in the observation only; both sides are timed by the same rule."""
    found = []
    for pixels in (row for row in rows if row.group.observation == "pixels"):
        for state in (row for row in rows if row.group.observation == "state"):
            what = pixels.group.apart_from_observation
            if what == state.group.apart_from_observation:
                both = pixels.confirmed and state.confirmed
                times = zip(
                    _times(pixels.group, reward_threshold, both),
                    _times(state.group, reward_threshold, both),
                    strict=True,
                )
                found.append(Ratio(what, pixels, state, *(ratio_of_medians(p, s) for p, s in times)))
    return found


def _improvement(pairs: Sequence[tuple[Row, Row]]) -> Improvement:
    """Compares two methods, the better one first, on one or more environments.

    By mean scores over the common horizon, as scores at the end are equal where both solve.
    """
    share = float(probability_of_improvement([a.areas for a, _ in pairs], [b.areas for _, b in pairs]))
    if share < 0.5:
        return _improvement([(b, a) for a, b in pairs])
    counts = [(len(a.areas), len(b.areas)) for a, b in pairs]
    known = min(min(pair) for pair in counts) >= FEWEST
    estimate = improvement_interval(share, counts) if known else Estimate(share, np.nan, np.nan)
    left, right = pairs[0]
    return Improvement(left.group.method, right.group.method, len(pairs), estimate)


def _over_tasks(tasks: list[Task]) -> list[Improvement]:
    by_method: dict[str, dict[str, Row]] = {}
    for task in tasks:
        for row in task.rows:
            by_method.setdefault(row.group.method, {})[task.name] = row
    found = []
    for left, right in combinations(by_method.values(), 2):
        pairs = [(left[name], right[name]) for name in left if name in right]
        if len(pairs) > 1:
            found.append(_improvement(pairs))
    return found


def _over_games(tasks: list[Task]) -> list[Aggregate]:
    played = [task for task in tasks if reference_scores(task.name) is not None]
    methods: dict[str, list[Array]] = {}
    for task in played:
        for row in task.rows:
            scores = [human_normalised(task.name, end) for end in row.ends]
            methods.setdefault(row.group.method, []).append(np.array(scores, np.float64))
    return [
        Aggregate(
            method,
            tuple(scores),
            *(student_interval(s, scores) for s in (iqm, median, mean, optimality_gap)),
        )
        for method, scores in methods.items()
        if len(scores) == len(played)
    ]
