"""Table and figure of many methods' times to the reward threshold."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter

from agents.analysis.comparison import Comparison, Row, Task
from agents.analysis.curves import Axis
from agents.analysis.intervals import Times
from agents.config import ConfigError
from agents.report.figures import AXES, literal, write_figure
from agents.report.templates import COLOURS
from agents.report.text import number
from agents.runs.files import write_whole

OBSERVATIONS = {"state": COLOURS[0], "pixels": COLOURS[1]}
Rungs = Mapping[str, Mapping[str, Row]]
"""Rows by method and observation."""


def write_ladder(comparison: Comparison, order: Sequence[str], folder: Path) -> list[Path]:
    """Write `ladder.md`, `ladder.png` and `ladder.svg`; return the files.

    Presets have their rows in the given order; others follow.

    Raises:
        ConfigError: there are several environments, or no reward threshold.
    """
    tasks = comparison.tasks
    if len(tasks) != 1 or (threshold := tasks[0].reward_threshold) is None:
        raise ConfigError("A ladder needs one environment with a reward threshold; name one --env.")
    rungs: dict[str, dict[str, Row]] = {name: {} for name in order}
    for row in tasks[0].rows:
        rungs.setdefault(row.group.apart_from_observation, {})[row.group.observation] = row
    rungs = {name: rung for name, rung in rungs.items() if rung}
    table, target = folder / "ladder.md", f"a mean of {number(threshold)}"
    draws = {f"{tasks[0].name}: {axis} to {target}": partial(_draw, rungs, axis) for axis in AXES}
    figures = write_figure(draws, folder / "ladder", 0.9 + 0.36 * len(rungs))
    write_whole(table, _table(tasks[0], rungs, target))
    return [table, *figures]


def _table(task: Task, rungs: Rungs, target: str) -> str:
    """Return the table in Markdown."""
    sides = [side for side in OBSERVATIONS if any(side in rung for rung in rungs.values())]
    head = ["preset", *(f"{side}: {column}" for side in sides for column in ("solved", "steps", "seconds"))]
    lines = [head, ["---"] * len(head)]
    for name, rung in rungs.items():
        lines.append([f"`{name}`", *(cell for side in sides for cell in _cells(rung.get(side)))])
    counts = sorted({len(row.final) for row in task.rows}, reverse=True)
    # R runs lie on one side of it with 2^(1 − R) (David and Nagaraja 2003, Order Statistics, section 7.1).
    coverage = ", ".join(f"{1 - 2.0 ** (1 - runs):.0%} with {runs} runs" for runs in counts)
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return (
        f"{text}\n\n{task.name}: agent steps and seconds of training until 100 greedy episodes reached "
        f"{target}. Median over runs, in brackets the lowest and the highest, which enclose the true "
        f"median with a probability of {coverage}. A run that never reached the reward threshold counts as "
        "later than all, written `-`.\n"
    )


def _cells(row: Row | None) -> tuple[str, str, str]:
    if row is None or row.steps is None or row.seconds is None:
        return "", "", ""
    solved = f"{int(row.steps.reached.sum())} of {len(row.final)}"
    return solved, _formatted(row.steps), _formatted(row.seconds)


def _formatted(times: Times) -> str:
    low, middle, high = times.latest.min(), times.median, times.latest.max()
    texts = [number(value, middle) if np.isfinite(value) else "-" for value in (middle, low, high)]
    return f"{texts[0]} [{texts[1]}, {texts[2]}]"


def _draw(rungs: Rungs, axis: Axis, ax: Axes) -> None:
    for side, colour in OBSERVATIONS.items():
        label: str | None = f"from {side}: median, each run, lowest to highest"
        for place, rung in enumerate(rungs.values()):
            if side in rung:
                at = place + (0.15 if side == "pixels" else -0.15)
                _draw_times(getattr(rung[side], axis), at, colour, label, ax)
                label = None
    ax.set_yticks(range(len(rungs)), [literal(name) for name in rungs])
    ax.tick_params(labelleft=axis == "steps")
    ax.set_ylim(len(rungs) - 0.5, -0.5)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    ax.set_xlabel(AXES[axis])


def _draw_times(times: Times, place: float, colour: str, label: str | None, ax: Axes) -> None:
    """Draw range and median; open arrows show ends of unsuccessful runs."""
    at, reached, y = times.observed, times.reached, np.full(len(times.observed), place)
    ax.plot(at, y, color=colour, linestyle="-", linewidth=1.5)
    ax.plot(at[reached], y[reached], "|", color=colour, markersize=7)
    ax.plot(at[~reached], y[~reached], ">", color=colour, fillstyle="none", markersize=6)
    middle = times.median
    if np.isfinite(middle):
        ax.plot(middle, place, "o", color=colour, markersize=6, label=label)
