"""Numbers and answers in words."""

import math
from collections.abc import Sequence

import numpy as np

from agents.analysis.comparison import Aggregate, Comparison, Ratio, Row, Task
from agents.analysis.intervals import FEWEST, Estimate, Times, median_time
from agents.runs.reader import Run
from envs.families import reference_scores

FEWEST_FOR_A_RATIO = 5  # runs a side, below which its interval holds less often than it says


def number(value: float, scale: float | None = None) -> str:
    """Returns a number with as many digits as mean something.

    Args:
        value: What to write.
        scale: Size of the largest number beside it, which decides the digits of all; None: it is alone.

    Example:
        >>> number(19000), number(489.2), number(28.31), number(1.934), number(0.5), number(0.098, 6.2)
        ('19,000', '489', '28.3', '1.9', '0.50', '0.1')
    """
    if not math.isfinite(value):
        return "∞" if value > 0 else "?"
    if scale is None and value == int(value):
        return f"{value:,.0f}"
    size = abs(value) if scale is None else scale
    return f"{value:,.{0 if size >= 100 else 1 if size >= 1 else 2}f}"


def with_interval(estimate: Estimate) -> str:
    """Returns an estimate and its interval, where it has one."""
    if math.isnan(estimate.low):
        return number(float(estimate.point))
    return f"{number(float(estimate.point), _scale(estimate))} {bounds(estimate)}"


def _scale(estimate: Estimate) -> float:
    return max(abs(float(value)) for value in estimate if math.isfinite(value))


def bounds(estimate: Estimate) -> str:
    """Returns an interval; what was never reached leaves it open."""
    low, high = (number(float(end), _scale(estimate)) for end in (estimate.low, estimate.high))
    return f"[{low}, {high}{']' if math.isfinite(estimate.high) else ')'}"


def fraction(estimate: Estimate) -> str:
    """Returns what lies about between 0 and 1, and its interval, where it has one."""
    text = f"{estimate.point:.2f}"
    return text if math.isnan(estimate.low) else f"{text} [{estimate.low:.2f}, {estimate.high:.2f}]"


def times(at: Times | None) -> str:
    """Returns the median, the range and how many of the runs reached the reward threshold."""
    if at is None:
        return "no reward threshold"
    middle = median_time(at)
    text = number(middle) if math.isfinite(middle) else f"> {number(float(np.median(at.seen)))}"
    if len(at.seen) > 1 and at.reached.any():
        beyond = "" if at.reached.all() else "> "
        text += f" ({number(float(at.seen.min()))} to {beyond}{number(float(at.seen.max()))})"
    return f"{text}; {at.reached.sum()} of {len(at.seen)}"


def factor(estimate: Estimate) -> str:
    """Returns a ratio of medians, or its bound where half of the runs never reached the threshold."""
    if not math.isnan(estimate.point):
        return with_interval(estimate)
    known = math.isfinite(estimate.low) and estimate.low > 0
    return f"at least {number(estimate.low)}" if known else "not known"


def headlines(comparison: Comparison) -> list[str]:
    """Returns the answer in a few sentences: pixels against state where both are there, else each group."""
    found = []
    over_games = len(comparison.games) > 0 and len(comparison.games[0].scores) > 1
    if over_games:
        found += [_games_sentence(method) for method in comparison.games]
    for task in comparison.tasks:
        known_first = sorted(task.ratios, key=lambda ratio: math.isnan(ratio.steps.point))
        found += [_ratio_sentence(task, ratio) for ratio in known_first]
        if not task.ratios and not (over_games and reference_scores(task.name)):
            found += [_row_sentence(task, row) for row in task.rows]
    return found


def _games_sentence(method: Aggregate) -> str:
    return (
        f"Over {len(method.scores)} games, {method.method} scored {fraction(method.iqm)} where random "
        "play is 0 and a human 1 (interquartile mean)."
    )


def _ratio_sentence(task: Task, ratio: Ratio) -> str:
    reward_threshold = number(task.reward_threshold or 0.0)
    counts = [len(row.ends) for row in (ratio.pixels, ratio.state)]
    runs = f"{counts[0]} and {counts[1]} runs"
    if not math.isnan(ratio.steps.point):
        return (
            f"From pixels, {task.name} took {_times(ratio.steps)} the steps and {_times(ratio.seconds)} "
            f"the seconds of training that it took from the state, to reach {reward_threshold} with "
            f"{ratio.what} "
            f"(medians of {runs})."
        )
    reached = [int(row.steps.reached.sum()) if row.steps else 0 for row in (ratio.pixels, ratio.state)]
    text = (
        f"With {ratio.what}, {reached[0]} of {counts[0]} runs from pixels and {reached[1]} of {counts[1]} "
        f"from the state reached {reward_threshold} on {task.name}"
    )
    if factor(ratio.steps) == "not known":
        return f"{text}: too few to say how much more pixels take."
    return f"{text}; pixels take {factor(ratio.steps)} times the steps."


def _times(estimate: Estimate) -> str:
    if math.isnan(estimate.low):
        return f"{number(estimate.point)} times"
    return f"{number(estimate.point, _scale(estimate))} times {bounds(estimate)}"


def _row_sentence(task: Task, row: Row) -> str:
    count = len(row.ends)
    if row.steps is not None and np.isfinite(median_time(row.steps)) and row.seconds is not None:
        return (
            f"{row.group.name}: {row.steps.reached.sum()} of {count} runs reached "
            f"{number(task.reward_threshold or 0.0)}, the median after "
            f"{number(median_time(row.steps))} steps and "
            f"{number(median_time(row.seconds))} s of training."
        )
    end = with_interval(row.end)
    return f"{row.group.name}: scored {end} at the end ({count} run{'s' * (count > 1)})."


def cautions(comparison: Comparison) -> list[str]:
    """Returns what the runs cannot show, and what keeps them from being compared cleanly."""
    found = [
        sentence for task in comparison.tasks for row in task.rows for sentence in _cautions(task, row)
    ]
    for task in comparison.tasks:
        known = [ratio for ratio in task.ratios if not math.isnan(ratio.steps.point)]
        fewest = [min(len(ratio.pixels.ends), len(ratio.state.ends)) for ratio in known]
        if any(FEWEST <= count < FEWEST_FOR_A_RATIO for count in fewest):
            found.append(
                f"{task.name}: with fewer than {FEWEST_FOR_A_RATIO} runs a side, the interval of a ratio "
                "holds about nine times in ten, not 95 in 100."
            )
    commits = {run.commit for group in comparison.groups for run in group.runs}
    if len(commits) > 1:
        names = ", ".join(sorted(str(commit) for commit in commits))
        found.append(f"The runs come from different versions of the code ({names}).")
    return found


def _cautions(task: Task, row: Row) -> list[str]:
    name, runs, found = row.group.name, row.group.runs, []
    if len(runs) < FEWEST:
        count = "one run" if len(runs) == 1 else f"{len(runs)} runs"
        found.append(
            f"{name} has {count}: fewer than three cannot show how much luck decides, so it gets no "
            "interval, and a difference to it may be chance."
        )
    unfinished = sum(not run.finished for run in runs)
    if unfinished:
        found.append(
            f"{name}: {unfinished} of {len(runs)} runs unfinished; the last score is held from there on."
        )
    unsolved = [int(run.score.steps[-1]) for run in runs if run.finished and not run.solved]
    if unsolved and min(unsolved) < 0.9 * task.horizon:
        found.append(
            f"{name}: a run ended unsolved at {number(min(unsolved))} of the {number(task.horizon)} steps "
            "that are compared; its last score is held from there on."
        )
    if len({run.config["seed"] for run in runs}) < len(runs):
        found.append(f"{name}: a seed occurs more than once; such runs are no independent evidence.")
    return found


def kept_sentence(task: Task) -> str:
    """Returns where the scores of an environment's kept agents come from, over how many games."""
    runs = [run for row in task.rows for run in row.group.runs if run.summary is not None]
    games = games_of(runs)
    confirmed = f"scored by the {games} that confirmed that it was solved"
    best = f"the network of its best evaluation, measured anew over {games}"
    kinds = {bool(run.summary and run.summary.solved) for run in runs}
    if not kinds:
        return "The kept agents of unfinished runs are not measured yet."
    if len(kinds) == 1:
        return f"The kept agent of each run is {confirmed if True in kinds else best}."
    return f"The kept agent of a solved run is {confirmed}; that of any other is {best}."


def games_of(runs: Sequence[Run]) -> str:
    """Returns how many whole games the scores at the end are means of, as in `30 games`."""
    counts = sorted({run.score_episodes for run in runs})
    plural = "game" if counts == [1] else "games"
    return f"{' or '.join(map(str, counts))} {plural}"
