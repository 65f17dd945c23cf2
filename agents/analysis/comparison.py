"""Comparison of groups of runs: scores, times to a threshold, ratios, improvements."""

from collections.abc import Sequence
from itertools import combinations, permutations
from typing import NamedTuple

import numpy as np

from agents.analysis.groups import Group, check_protocols, differences, group_runs
from agents.analysis.intervals import (
    Estimate,
    Times,
    improvement_interval,
    ratio_of_medians,
    student_interval,
)
from agents.analysis.statistics import AGGREGATES, Array, area_under_curve, iqm, probability_of_improvement
from agents.runs.reader import Run
from agents.runs.tags import CONFIRMED
from envs.families import human_normalised, reference_scores


class Row(NamedTuple):
    """The results of one group of R runs."""

    group: Group
    final: Array  # [R] final scores
    final_iqm: Estimate
    areas: Array  # [R] mean score over the environment's common horizon
    area_iqm: Estimate
    best_checkpoint: float | None  # mean score over runs; None while none is finished
    steps: Times | None  # to the reward threshold; None without one
    seconds: Times | None
    confirmed: bool  # whether reaching the threshold was confirmed over more episodes


class Ratio(NamedTuple):
    """Times from pixels over times from the state, all else equal."""

    method: str  # preset and all other fields that both sides share
    pixels: Row
    state: Row
    steps: Estimate
    seconds: Estimate


class Improvement(NamedTuple):
    """Probability that one method's run has the higher mean score."""

    left: str
    right: str
    tasks: int
    estimate: Estimate


class Task(NamedTuple):
    """The results in one environment."""

    name: str
    reward_threshold: float | None
    horizon: int  # agent steps of the longest run
    rows: tuple[Row, ...]
    ratios: tuple[Ratio, ...]
    improvements: tuple[Improvement, ...]

    @property
    def runs(self) -> list[Run]:
        """All runs, by group."""
        return [run for row in self.rows for run in row.group.runs]


class Aggregate(NamedTuple):
    """Human-normalised scores of one method over several games."""

    method: str
    scores: tuple[Array, ...]  # [R] per game
    iqm: Estimate
    median: Estimate
    mean: Estimate
    optimality_gap: Estimate


class Comparison(NamedTuple):
    """The results of comparing groups of runs."""

    tasks: tuple[Task, ...]
    games: tuple[Aggregate, ...]  # only methods with runs in every game
    improvements: tuple[Improvement, ...]  # over all environments that two methods share, if several
    differences: tuple[tuple[str, list[str]], ...]  # option, and its value in each group
    warnings: tuple[str, ...]  # shown above everything else

    @property
    def groups(self) -> list[Group]:
        """All groups, by environment."""
        return [row.group for task in self.tasks for row in task.rows]


def compare(
    runs: Sequence[Run], *, reward_threshold: float | None = None, force: bool = False
) -> Comparison:
    """Compare runs of any environments, presets and observations in groups.

    Without a `reward_threshold` times are those to each environment's own.

    Raises:
        ConfigError: protocols differ, without `force`.
    """
    warning = check_protocols(runs, force)
    groups = group_runs(runs)
    names = dict.fromkeys(group.environment for group in groups)
    tasks = [_task(name, [g for g in groups if g.environment == name], reward_threshold) for name in names]
    return Comparison(
        tuple(tasks),
        tuple(_over_games(tasks)),
        tuple(_over_tasks(tasks)),
        tuple(differences(groups)),
        (warning,) if warning else (),
    )


def _task(name: str, groups: list[Group], reward_threshold: float | None) -> Task:
    runs = [run for group in groups for run in group.runs]
    if reward_threshold is None:
        thresholds = (run.summary.reward_threshold for run in runs if run.summary)
        reward_threshold = max((t for t in thresholds if t is not None), default=None)
    horizon = max(int(run.score.steps[-1]) for run in runs)
    rows = [_row(group, reward_threshold, horizon) for group in groups]
    pairs = [_improvement([pair]) for pair in combinations(rows, 2)]
    ratios = [] if reward_threshold is None else _ratios(rows, reward_threshold)
    return Task(name, reward_threshold, horizon, tuple(rows), tuple(ratios), tuple(pairs))


def _confirms(run: Run, reward_threshold: float) -> bool:
    """Return whether the run confirmed reaching the threshold over more episodes."""
    own = run.summary.reward_threshold if run.summary else run.config["reward_threshold"]
    return own in ("auto", reward_threshold)


def _row(group: Group, reward_threshold: float | None, horizon: int) -> Row:
    runs, steps, seconds, confirmed = group.runs, None, None, False
    final = np.array(
        [run.summary.final_mean if run.summary and run.finished else run.score.values[-1] for run in runs],
        np.float64,
    )
    areas = np.array([area_under_curve(run.score.steps, run.score.values, horizon) for run in runs])
    best = [run.summary.eval_mean for run in runs if run.summary]
    if reward_threshold is not None:
        confirmed = all(_confirms(run, reward_threshold) for run in runs)
        steps, seconds = _times(group, reward_threshold, confirmed)
    final_iqm, area_iqm = student_interval(iqm, [final]), student_interval(iqm, [areas])
    best_mean = float(np.mean(best)) if best else None
    return Row(group, final, final_iqm, areas, area_iqm, best_mean, steps, seconds, confirmed)


def _times(group: Group, reward_threshold: float, confirmed: bool) -> tuple[Times, Times]:
    """Return steps and seconds to a reward threshold, or the end."""
    times = []
    for run in group.runs:
        curve = run.curves.get(CONFIRMED) if confirmed else run.score
        above = [] if curve is None else np.flatnonzero(curve.values >= reward_threshold).tolist()
        source, index = (curve, above[0]) if curve is not None and len(above) else (run.score, -1)
        times.append((float(source.steps[index]), float(source.seconds[index]), len(above) > 0))
    steps, seconds, reached = (np.array(column) for column in zip(*times, strict=True))
    return Times(steps, reached), Times(seconds, reached)


def _ratios(rows: list[Row], reward_threshold: float) -> list[Ratio]:
    """Pair groups that differ in the observation only, timed alike."""
    ratios = []
    for pixels, state in permutations(rows, 2):
        method = pixels.group.apart_from_observation
        observations = pixels.group.observation, state.group.observation
        if observations == ("pixels", "state") and method == state.group.apart_from_observation:
            both = pixels.confirmed and state.confirmed
            over, under = (_times(row.group, reward_threshold, both) for row in (pixels, state))
            steps, seconds = map(ratio_of_medians, over, under)
            ratios.append(Ratio(method, pixels, state, steps, seconds))
    return ratios


def _improvement(pairs: Sequence[tuple[Row, Row]]) -> Improvement:
    """Compare two methods in one or more environments, the better one first.

    By mean scores over the common horizon, as final scores are equal when both solve.
    """
    share = float(probability_of_improvement([a.areas for a, _ in pairs], [b.areas for _, b in pairs]))
    if share < 0.5:
        return _improvement([(b, a) for a, b in pairs])
    estimate = improvement_interval(share, [(len(a.areas), len(b.areas)) for a, b in pairs])
    left, right = pairs[0]
    return Improvement(left.group.method, right.group.method, len(pairs), estimate)


def _over_tasks(tasks: list[Task]) -> list[Improvement]:
    by_method: dict[str, dict[str, Row]] = {}
    for task in tasks:
        for row in task.rows:
            by_method.setdefault(row.group.method, {})[task.name] = row
    shared = (
        [(left[name], right[name]) for name in left if name in right]
        for left, right in combinations(by_method.values(), 2)
    )
    return [_improvement(pairs) for pairs in shared if len(pairs) > 1]


def _over_games(tasks: list[Task]) -> list[Aggregate]:
    played = [task for task in tasks if reference_scores(task.name) is not None]
    methods: dict[str, list[Array]] = {}
    for task in played:
        for row in task.rows:
            scores = [human_normalised(task.name, score) for score in row.final]
            methods.setdefault(row.group.method, []).append(np.array(scores, np.float64))
    return [
        Aggregate(method, tuple(scores), *(student_interval(statistic, scores) for statistic in AGGREGATES))
        for method, scores in methods.items()
        if len(scores) == len(played)
    ]
