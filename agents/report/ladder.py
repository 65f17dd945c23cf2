"""One table and one figure of many methods: how long each takes to the reward threshold, by observation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from agents.analysis.comparison import Comparison, Row, Task
from agents.analysis.intervals import Times, median_time
from agents.config import ConfigError
from agents.report.figures import STYLE, literal
from agents.report.templates import COLOURS
from agents.report.text import number
from agents.runs.files import replacing, write_whole

OBSERVATIONS = {"state": COLOURS[0], "pixels": COLOURS[1]}
Rungs = Mapping[str, Mapping[str, Row]]
"""Rows by method and observation."""


def share_within(runs: int) -> float:
    """Returns how probably the lowest and the highest of as many runs enclose the true median.

    It lies outside only where all runs fall on one side of it: `1 − 2^(1 − R)`, whatever the distribution
    (David and Nagaraja 2003, Order Statistics, section 7.1).

    Example:
        >>> share_within(3), share_within(5)
        (0.75, 0.9375)
    """
    return float(1 - 2.0 ** (1 - runs))


def write_ladder(comparison: Comparison, order: Sequence[str], folder: Path) -> list[Path]:
    """Writes `ladder.md`, `ladder.png` and `ladder.svg`; returns the files.

    Args:
        comparison: Runs of one environment that has a reward threshold.
        order: Presets, in which order they stand; others follow.
        folder: Made if it does not exist.

    Raises:
        ConfigError: there are several environments, or there is no reward threshold to reach.
    """
    if len(comparison.tasks) != 1 or comparison.tasks[0].reward_threshold is None:
        raise ConfigError("A ladder is climbed in one environment with a reward threshold; name one --env.")
    task = comparison.tasks[0]
    rungs = _rungs(task, order)
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "ladder.md"
    write_whole(table, _table(task, rungs))
    return [table, *_draw(task, rungs, folder)]


def _rungs(task: Task, order: Sequence[str]) -> Rungs:
    found: dict[str, dict[str, Row]] = {}
    for row in task.rows:
        found.setdefault(row.group.apart_from_observation, {})[row.group.observation] = row
    place = {name: i for i, name in enumerate(order)}
    return {name: found[name] for name in sorted(found, key=lambda name: place.get(name, len(place)))}


def _table(task: Task, rungs: Rungs) -> str:
    """Returns the table in Markdown."""
    seen = [side for side in OBSERVATIONS if any(side in rung for rung in rungs.values())]
    head = ["preset", *(f"{side}: {what}" for side in seen for what in ("solved", "steps", "seconds"))]
    lines = [head, ["---"] * len(head)]
    for name, rung in rungs.items():
        cells = [cell for side in seen for cell in _cells(rung.get(side))]
        lines.append([f"`{name}`", *cells])
    counts = sorted({len(row.ends) for row in task.rows}, reverse=True)
    shares = ", ".join(f"{share_within(runs):.0%} where there are {runs}" for runs in counts)
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return (
        f"{text}\n\n{task.name}: agent steps and seconds of training until 100 greedy episodes reached a "
        f"mean of {number(task.reward_threshold or 0.0)}. Median over runs, in brackets the lowest and the "
        f"highest, which enclose the true median with a probability of {shares}. A run that never reached "
        "the reward threshold counts as later than all, written `-`.\n"
    )


def _cells(row: Row | None) -> tuple[str, str, str]:
    if row is None or row.steps is None or row.seconds is None:
        return "", "", ""
    solved = f"{int(row.steps.reached.sum())} of {len(row.ends)}"
    return solved, _told(row.steps), _told(row.seconds)


def _told(times: Times) -> str:
    low, middle, high = times.latest.min(), median_time(times), times.latest.max()
    told = [number(value, middle) if np.isfinite(value) else "-" for value in (middle, low, high)]
    return f"{told[0]} [{told[1]}, {told[2]}]"


def _draw(task: Task, rungs: Rungs, folder: Path) -> list[Path]:
    files = [folder / "ladder.png", folder / "ladder.svg"]
    with matplotlib.rc_context(STYLE | {"axes.facecolor": "white"}):
        figure = Figure(figsize=(10, 0.9 + 0.36 * len(rungs)), layout="constrained")
        axes: Any = figure.subplots(1, 2, sharey=True)
        for ax, what in zip(axes, ("steps", "seconds"), strict=True):
            _draw_axis(rungs, what, ax)
        figure.suptitle(
            f"{task.name}: to a mean of {number(task.reward_threshold or 0.0)}", fontsize="medium"
        )
        lines = axes[0].get_legend_handles_labels()
        figure.legend(*lines, loc="outside lower center", ncols=3, fontsize="small")
        for file in files:
            with replacing(file) as partial:
                figure.savefig(partial, dpi=120, metadata={"Date": None} if file.suffix == ".svg" else None)
    return files


def _draw_axis(rungs: Rungs, what: str, ax: Axes) -> None:
    for side, colour in OBSERVATIONS.items():
        label: str | None = f"from {side}: median, each run, lowest to highest"
        for place, rung in enumerate(rungs.values()):
            if side in rung and (times := getattr(rung[side], what)) is not None:
                _draw_times(times, place + (0.15 if side == "pixels" else -0.15), colour, label, ax)
                label = None
    ax.set_yticks(range(len(rungs)), [literal(name) for name in rungs])
    ax.set_ylim(len(rungs) - 0.5, -0.5)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    ax.set_xlabel("agent steps" if what == "steps" else "seconds of training")
    ax.grid(alpha=0.25)


def _draw_times(times: Times, place: float, colour: str, label: str | None, ax: Axes) -> None:
    """Draws a line and the median; a run that never came there is an open arrow where it ended."""
    y = np.full(len(times.seen), place)
    ax.plot(times.seen, y, color=colour, linewidth=1.5)
    ax.plot(times.seen[times.reached], y[times.reached], "|", color=colour, markersize=7)
    ax.plot(
        times.seen[~times.reached], y[~times.reached], ">", color=colour, fillstyle="none", markersize=6
    )
    middle = median_time(times)
    if np.isfinite(middle):
        ax.plot(middle, place, "o", color=colour, markersize=6, label=label)
