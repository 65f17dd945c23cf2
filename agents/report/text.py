"""Numbers and results in words."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from agents.analysis.comparison import Comparison, Ratio, Row, Task
from agents.analysis.intervals import MIN_RUNS, Estimate, Times
from agents.runs.reader import Run
from envs.families import reference_scores

MIN_RUNS_FOR_RATIO = 5  # per side; with fewer, the interval covers less than its nominal level


def number(value: float, scale: float | None = None) -> str:
    """Format a number with its significant digits only.

    The scale is the magnitude of the largest number beside it, which decides the digits of all.

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


def with_interval(estimate: Estimate, unit: str = "") -> str:
    """Format an estimate and its interval, half-open if infinite."""
    if math.isnan(estimate.low):
        return f"{number(float(estimate.point))}{unit}"
    scale = max(abs(float(value)) for value in estimate if math.isfinite(value))
    point, low, high = (number(float(value), scale) for value in estimate)
    return f"{point}{unit} [{low}, {high}{']' if math.isfinite(estimate.high) else ')'}"


def fraction(estimate: Estimate) -> str:
    """Format an estimate between 0 and 1, and its interval, if any."""
    text = f"{estimate.point:.2f}"
    return text if math.isnan(estimate.low) else f"{text} [{estimate.low:.2f}, {estimate.high:.2f}]"


def times(at: Times | None) -> str:
    """Format median and range of times, and the number of successes."""
    if at is None:
        return "no reward threshold"
    middle = at.median
    text = number(middle) if math.isfinite(middle) else f"> {number(float(np.median(at.observed)))}"
    if len(at.observed) > 1 and at.reached.any():
        beyond = "" if at.reached.all() else "> "
        text += f" ({number(float(at.observed.min()))} to {beyond}{number(float(at.observed.max()))})"
    return f"{text}; {at.reached.sum()} of {len(at.observed)}"


def factor(estimate: Estimate) -> str:
    """Format a ratio of medians, or its lower bound if infinite."""
    if not math.isnan(estimate.point):
        return with_interval(estimate)
    bounded = math.isfinite(estimate.low) and estimate.low > 0
    return f"at least {number(estimate.low)}" if bounded else "unknown"


def headlines(comparison: Comparison) -> list[str]:
    """Summarise a comparison in sentences: pixels against state, else each group."""
    sentences = []
    over_games = len(comparison.games) > 0 and len(comparison.games[0].scores) > 1
    if over_games:
        sentences += [
            f"Over {len(method.scores)} games, {method.method} scored {fraction(method.iqm)} where random "
            "play is 0 and a human 1 (interquartile mean)."
            for method in comparison.games
        ]
    for task in comparison.tasks:
        finite_first = sorted(task.ratios, key=lambda ratio: math.isnan(ratio.steps.point))
        sentences += [_ratio_sentence(task, ratio) for ratio in finite_first]
        if not task.ratios and not (over_games and reference_scores(task.name)):
            sentences += [_row_sentence(task, row) for row in task.rows]
    return sentences


def _ratio_sentence(task: Task, ratio: Ratio) -> str:
    threshold, sides = number(task.reward_threshold or 0.0), (ratio.pixels, ratio.state)
    pixels, state = (len(row.final) for row in sides)
    if not math.isnan(ratio.steps.point):
        return (
            f"From pixels, {task.name} took {with_interval(ratio.steps, ' times')} the steps and "
            f"{with_interval(ratio.seconds, ' times')} the seconds of training that it took from the "
            f"state, to reach {threshold} with {ratio.method} (medians of {pixels} and {state} runs)."
        )
    reached = [int(row.steps.reached.sum()) if row.steps else 0 for row in sides]
    text = (
        f"With {ratio.method}, {reached[0]} of {pixels} runs from pixels and {reached[1]} of {state} from "
        f"the state reached {threshold} on {task.name}"
    )
    if factor(ratio.steps) == "unknown":
        return f"{text}: too few to say how much more pixels take."
    return f"{text}; pixels take {factor(ratio.steps)} times the steps."


def _row_sentence(task: Task, row: Row) -> str:
    count = len(row.final)
    if row.steps and row.seconds and math.isfinite(row.steps.median):
        return (
            f"{row.group.name}: {row.steps.reached.sum()} of {count} runs reached "
            f"{number(task.reward_threshold or 0.0)}, the median after {number(row.steps.median)} "
            f"steps and {number(row.seconds.median)} s of training."
        )
    end = with_interval(row.final_iqm)
    return f"{row.group.name}: scored {end} at the end ({count} run{'s' * (count > 1)})."


def cautions(comparison: Comparison) -> list[str]:
    """Return the limitations of a comparison, as sentences."""
    sentences = [
        sentence for task in comparison.tasks for row in task.rows for sentence in _cautions(task, row)
    ]
    for task in comparison.tasks:
        finite = [ratio for ratio in task.ratios if not math.isnan(ratio.steps.point)]
        counts = [min(len(ratio.pixels.final), len(ratio.state.final)) for ratio in finite]
        if any(MIN_RUNS <= count < MIN_RUNS_FOR_RATIO for count in counts):
            sentences.append(
                f"{task.name}: with fewer than {MIN_RUNS_FOR_RATIO} runs a side, the interval of a ratio "
                "covers the true value in about 90 of 100 cases, not 95."
            )
    commits = {run.commit for group in comparison.groups for run in group.runs}
    if len(commits) > 1:
        names = ", ".join(sorted(map(str, commits)))
        sentences.append(f"The runs come from different versions of the code ({names}).")
    return sentences


def _cautions(task: Task, row: Row) -> Iterator[str]:
    name, runs = row.group.name, row.group.runs
    if len(runs) < MIN_RUNS:
        yield (
            f"{name} has {'one run' if len(runs) == 1 else f'{len(runs)} runs'}: fewer than three do not "
            "show the spread between seeds, so there is no interval, and a difference may be chance."
        )
    if unfinished := sum(not run.finished for run in runs):
        yield f"{name}: {unfinished} of {len(runs)} runs unfinished; their last score is carried forward."
    unsolved = [int(run.score.steps[-1]) for run in runs if run.finished and not run.solved]
    if unsolved and min(unsolved) < 0.9 * task.horizon:
        yield (
            f"{name}: a run ended unsolved at {number(min(unsolved))} of the {number(task.horizon)} steps "
            "of the comparison; its last score is carried forward."
        )
    if len({run.config["seed"] for run in runs}) < len(runs):
        yield f"{name}: a seed occurs more than once; such runs are not independent."


def best_checkpoint_sentence(task: Task) -> str:
    """Return the origin of the scores of an environment's best checkpoints."""
    runs = [run for run in task.runs if run.summary is not None]
    games = games_of(runs)
    confirmed = f"scored by the {games} that confirmed that it was solved"
    best = f"the network of its best evaluation, evaluated anew over {games}"
    outcomes = {bool(run.summary and run.summary.solved) for run in runs}
    if not outcomes:
        return "The best checkpoints of unfinished runs are not evaluated yet."
    if len(outcomes) == 1:
        return f"The best checkpoint of each run is {confirmed if True in outcomes else best}."
    return f"The best checkpoint of a solved run is {confirmed}; that of any other is {best}."


def games_of(runs: Sequence[Run]) -> str:
    """Return the number of games per final score, as in `30 games`."""
    counts = sorted({run.score_episodes for run in runs})
    plural = "game" if counts == [1] else "games"
    return f"{' or '.join(map(str, counts))} {plural}"
