"""Table and figure of many methods' times to the reward threshold."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from agents.analysis.comparison import Comparison, Row, Task
from agents.analysis.intervals import Times, median_time
from agents.config import ConfigError
from agents.report.figures import STYLE, literal, save
from agents.report.templates import COLOURS
from agents.report.text import number
from agents.runs.files import write_whole

OBSERVATIONS = {"state": COLOURS[0], "pixels": COLOURS[1]}
Rungs = Mapping[str, Mapping[str, Row]]
"""Rows by method and observation."""


def coverage_of_range(runs: int) -> float:
    """Return the probability that R runs enclose the true median.

    All runs fall on one side of it otherwise: `1 − 2^(1 − R)`, for any distribution
    (David and Nagaraja 2003, Order Statistics, section 7.1).

    Example:
        >>> coverage_of_range(3), coverage_of_range(5)
        (0.75, 0.9375)
    """
    return float(1 - 2.0 ** (1 - runs))


def write_ladder(comparison: Comparison, order: Sequence[str], folder: Path) -> list[Path]:
    """Write `ladder.md`, `ladder.png` and `ladder.svg`; return the files.

    Args:
        comparison: Runs of one environment that has a reward threshold.
        order: Presets in the order of their rows; others follow.
        folder: Created if missing.

    Raises:
        ConfigError: there are several environments, or no reward threshold.
    """
    if len(comparison.tasks) != 1 or comparison.tasks[0].reward_threshold is None:
        raise ConfigError("A ladder needs one environment with a reward threshold; name one --env.")
    task = comparison.tasks[0]
    rungs = _rungs(task, order)
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "ladder.md"
    write_whole(table, _table(task, rungs))
    return [table, *_draw(task, rungs, folder)]


def _rungs(task: Task, order: Sequence[str]) -> Rungs:
    rungs: dict[str, dict[str, Row]] = {}
    for row in task.rows:
        rungs.setdefault(row.group.apart_from_observation, {})[row.group.observation] = row
    place = {name: i for i, name in enumerate(order)}
    return {name: rungs[name] for name in sorted(rungs, key=lambda name: place.get(name, len(place)))}


def _table(task: Task, rungs: Rungs) -> str:
    """Return the table in Markdown."""
    sides = [side for side in OBSERVATIONS if any(side in rung for rung in rungs.values())]
    head = ["preset", *(f"{side}: {column}" for side in sides for column in ("solved", "steps", "seconds"))]
    lines = [head, ["---"] * len(head)]
    for name, rung in rungs.items():
        lines.append([f"`{name}`", *(cell for side in sides for cell in _cells(rung.get(side)))])
    counts = sorted({len(row.final) for row in task.rows}, reverse=True)
    coverage = ", ".join(f"{coverage_of_range(runs):.0%} with {runs} runs" for runs in counts)
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return (
        f"{text}\n\n{task.name}: agent steps and seconds of training until 100 greedy episodes reached a "
        f"mean of {number(task.reward_threshold or 0.0)}. Median over runs, in brackets the lowest and the "
        f"highest, which enclose the true median with a probability of {coverage}. A run that never reached"
        " the reward threshold counts as later than all, written `-`.\n"
    )


def _cells(row: Row | None) -> tuple[str, str, str]:
    if row is None or row.steps is None or row.seconds is None:
        return "", "", ""
    solved = f"{int(row.steps.reached.sum())} of {len(row.final)}"
    return solved, _formatted(row.steps), _formatted(row.seconds)


def _formatted(times: Times) -> str:
    low, middle, high = times.latest.min(), median_time(times), times.latest.max()
    texts = [number(value, middle) if np.isfinite(value) else "-" for value in (middle, low, high)]
    return f"{texts[0]} [{texts[1]}, {texts[2]}]"


def _draw(task: Task, rungs: Rungs, folder: Path) -> list[Path]:
    with matplotlib.rc_context(STYLE | {"axes.facecolor": "white"}):
        figure = Figure(figsize=(10, 0.9 + 0.36 * len(rungs)), layout="constrained")
        axes: Sequence[Axes] = figure.subplots(1, 2, sharey=True)
        for ax, axis in zip(axes, ("steps", "seconds"), strict=True):
            _draw_axis(rungs, axis, ax)
        threshold = number(task.reward_threshold or 0.0)
        figure.suptitle(f"{task.name}: to a mean of {threshold}", fontsize="medium")
        lines = axes[0].get_legend_handles_labels()
        figure.legend(*lines, loc="outside lower center", ncols=3, fontsize="small")
        return save(figure, folder / "ladder")


def _draw_axis(rungs: Rungs, axis: str, ax: Axes) -> None:
    for side, colour in OBSERVATIONS.items():
        label: str | None = f"from {side}: median, each run, lowest to highest"
        for place, rung in enumerate(rungs.values()):
            if side in rung and (times := getattr(rung[side], axis)) is not None:
                _draw_times(times, place + (0.15 if side == "pixels" else -0.15), colour, label, ax)
                label = None
    ax.set_yticks(range(len(rungs)), [literal(name) for name in rungs])
    ax.set_ylim(len(rungs) - 0.5, -0.5)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    ax.set_xlabel("agent steps" if axis == "steps" else "seconds of training")
    ax.grid(alpha=0.25)


def _draw_times(times: Times, place: float, colour: str, label: str | None, ax: Axes) -> None:
    """Draw range and median, and unsuccessful runs' ends as open arrows."""
    y = np.full(len(times.observed), place)
    ax.plot(times.observed, y, color=colour, linewidth=1.5)
    ax.plot(times.observed[times.reached], y[times.reached], "|", color=colour, markersize=7)
    ended, rows = times.observed[~times.reached], y[~times.reached]
    ax.plot(ended, rows, ">", color=colour, fillstyle="none", markersize=6)
    middle = median_time(times)
    if np.isfinite(middle):
        ax.plot(middle, place, "o", color=colour, markersize=6, label=label)
