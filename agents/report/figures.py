"""Figures of a comparison, for a page and as files."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, StrMethodFormatter

from agents.analysis.comparison import Comparison, Task
from agents.analysis.curves import Axis, grid, interpolate, is_wide
from agents.analysis.groups import Group
from agents.analysis.intervals import share_interval
from agents.analysis.references import Reference
from agents.analysis.statistics import Array, Tasks, performance_profile
from agents.report.templates import COLOURS
from agents.report.text import number
from agents.runs.files import replacing

INK = "#010203"  # placeholder for a page's text colour; black on paper
GRAY = "#808080"
MANY = 10  # runs of a group: from here on shares have bands; above, single curves are left out
AXES: Mapping[Axis, str] = {"steps": "agent steps", "seconds": "seconds of training"}
LINES = cycler(linestyle=["-", "--", ":", "-."]) * cycler(color=COLOURS)

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pixel-dqn",
    "font.size": 10,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    "axes.facecolor": "none",
    **dict.fromkeys(("axes.spines.top", "axes.spines.right"), False),
    "axes.grid": True,
    "axes.prop_cycle": LINES,
    "axes.titlesize": "medium",
    "grid.alpha": 0.25,
    "legend.fontsize": "small",
    "legend.frameon": False,
    "lines.linewidth": 2,
    "lines.markersize": 4,
}


Looks = Mapping[str, Mapping[str, Any]]
"""`color` and `linestyle` by method."""
Lettered = Sequence[tuple[str, Reference]]
"""References with their letters in the page's table."""
Draw = Callable[[Axes], None]


def literal(text: str) -> str:
    """Escape dollar signs, which matplotlib takes for mathematics."""
    return text.replace("$", r"\$")


def file_part(name: str) -> str:
    """Return a name as part of a file name, without path separators.

    Example:
        >>> file_part("ALE/Pong-v5"), file_part("../../x<y>")
        ('ALE-Pong-v5', 'x-y')
    """
    return re.sub(r"[^\w.+]+", "-", name).strip("-.")


def looks(comparison: Comparison) -> Looks:
    """Assign each method a colour and dashes, the same in every figure."""
    methods = dict.fromkeys(group.method for group in comparison.groups)
    return dict(zip(methods, LINES(), strict=False))


def panels(task: Task, look: Looks, references: Lettered) -> dict[str, Draw]:
    """Return the drawing functions of an environment's panels, by title."""
    draws: dict[str, Draw] = {
        f"Score by {label}": partial(_draw_scores, task, look, axis, references)
        for axis, label in AXES.items()
    }
    if task.reward_threshold is not None:
        draws[f"Runs that reached {number(task.reward_threshold)}"] = partial(_draw_reached, task, look)
    finals = {row.group.method: [row.final] for row in task.rows}
    draws["Runs with a final score above"] = partial(
        _draw_profile, finals, look, f"final {score_name(task)}"
    )
    return draws


def probe_panels(task: Task) -> dict[str, Draw]:
    """Return the drawing functions of an environment's linear probes, by title."""
    groups = [row.group for row in task.rows]
    return {f"Linear probe of the state: {g.method}": partial(_draw_probe, g) for g in groups if probes(g)}


def score_name(task: Task) -> str:
    """Return what the axis of scores shows: greedy play, or play with a protocol's random actions."""
    epsilons = [row.group.config["evaluation.epsilon"] for row in task.rows]
    return "score of evaluations" if any(epsilons) else "greedy score"


def probes(group: Group) -> list[str]:
    """Return the tags of the linear probes in a group's runs."""
    return list(dict.fromkeys(tag for run in group.runs for tag in run.curves if tag.startswith("probe/")))


def _draw_scores(task: Task, look: Looks, axis: Axis, references: Lettered, ax: Axes) -> None:
    points = grid(task, axis)
    for row in task.rows:
        line = look[row.group.method]
        curve = interpolate(row.group, points, axis)
        if 1 < len(curve.runs) <= MANY:
            ax.plot(curve.x, curve.runs.T, color=line["color"], linestyle="-", alpha=0.3, linewidth=0.7)
        if np.isfinite(curve.iqm.low).all():
            ax.fill_between(
                curve.x, curve.iqm.low, curve.iqm.high, color=line["color"], alpha=0.15, linewidth=0
            )
        ax.plot(curve.x, curve.iqm.point, **line, label=literal(row.group.method))
        ax.plot(curve.x[-1], curve.iqm.point[-1], "o", color=line["color"])
    scores = np.concatenate([run.score.values for run in task.runs])
    low, high = min(scores.min(), 0.0), max(scores.max(), task.reward_threshold or scores.max())
    span = (high - low) or 1.0
    # Not to the ends of the bands, which may exceed possible scores.
    ax.set_ylim(low - 0.04 * span, high + 0.06 * span)
    if task.reward_threshold is not None:
        ax.axhline(task.reward_threshold, color=GRAY, linestyle=":", linewidth=1.2)
    ax.set_ylabel(score_name(task))
    _label(ax, axis, is_wide(task))
    _draw_references(references, axis, float(points[-1]), ax)


def _draw_references(references: Lettered, axis: Axis, end: float, ax: Axes) -> None:
    """Draw references within the axis."""
    low, high = ax.get_ylim()
    for i, (letter, reference) in enumerate(references):
        if low < reference.score < high:
            ax.axhline(reference.score, color=GRAY, linestyle=(0, (1, 4)), linewidth=1)
            place = (1.005 + 0.022 * (i % 3), reference.score)  # side by side, as scores may be close
            ax.annotate(
                letter, place, xycoords=("axes fraction", "data"), color=GRAY, va="center", fontsize=9
            )
            if reference.steps is not None and axis == "steps" and reference.steps <= end:
                ax.plot(reference.steps, reference.score, "D", color=GRAY)


def _label(ax: Axes, axis: Axis, wide: bool = False) -> None:
    if axis == "seconds" and wide:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    else:
        ax.locator_params(axis="x", nbins=6)
    if axis == "steps":
        ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    ax.set_xlabel(AXES[axis])


def _draw_share(
    name: str, look: Looks, x: Array, share: Array, runs: int, ax: Axes, banded: bool = False
) -> None:
    """Draw a method's share of runs as a step function; many runs have bands in any case."""
    line = look[name]
    if banded or runs >= MANY:
        low, high = share_interval(share, runs)
        ax.fill_between(x, low, high, color=line["color"], alpha=0.1, linewidth=0, step="post")
    ax.step(x, share, where="post", **line, label=literal(name))
    ax.set_ylim(-0.03, 1.05)
    ax.set_ylabel("share of runs")


def _draw_reached(task: Task, look: Looks, ax: Axes) -> None:
    rows = [(row, row.steps) for row in task.rows if row.steps]
    x = np.unique(np.concatenate([[0, task.horizon], *(times.observed for _, times in rows)]))
    for row, times in rows:
        share = 1 - performance_profile([times.latest], x)
        _draw_share(row.group.method, look, x, share, len(row.final), ax)
    _label(ax, "steps")


def game_panels(comparison: Comparison, look: Looks) -> dict[str, Draw]:
    """Return the drawing function of the panel over all games, by title."""
    if not comparison.games:
        return {}
    scores, label = {game.method: game.scores for game in comparison.games}, "score; random play 0, human 1"
    draw = partial(_draw_profile, scores, look, label, ends=(0.0, 1.0))
    return {"Runs above a human-normalised score": draw}


def _draw_profile(
    scores: Mapping[str, Tasks], look: Looks, label: str, ax: Axes, ends: tuple[float, ...] = ()
) -> None:
    """Draw shares of runs above each score; `ends` imply bands."""
    values = np.concatenate([array for tasks in scores.values() for array in tasks])
    low, high = min([values.min(), *ends]), max([values.max(), *ends])
    margin = max(high - low, 1e-6) * 0.05
    x = np.union1d(np.linspace(low - margin, high + margin, 200), values)
    for method, tasks in scores.items():
        runs = sum(map(len, tasks))
        _draw_share(method, look, x, performance_profile(tasks, x), runs, ax, banded=len(ends) > 0)
    ax.set_xlabel(label)


def _draw_probe(group: Group, ax: Axes) -> None:
    for tag in probes(group):
        curves = [run.curves[tag] for run in group.runs if tag in run.curves]
        x = np.unique(np.concatenate([curve.steps for curve in curves])).astype(np.float64)
        x = x[:: -(-len(x) // 200)]
        runs = np.ma.masked_invalid([np.interp(x, c.steps, c.values, right=np.nan) for c in curves])
        name = tag.removeprefix("probe/").removeprefix("r2_").replace("_dot", " velocity").replace("_", " ")
        ax.plot(x, runs.mean(axis=0), linewidth=1.8, label=literal(name))
    ax.set_ylim(max(min(ax.get_ylim()[0], 0.0), -0.5), 1.03)
    ax.set_ylabel("R² (1: linear in the features)")
    _label(ax, "steps")
    ax.legend(loc="best", ncols=2)


def panel_svg(draw: Draw, key: str, title: str) -> str:
    """Draw one panel as an `<svg>` element in the page's colours.

    The key, unique on the page, is the prefix of its element ids; the title is read by screen readers.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.8, 3.1))
        draw(figure.subplots())
        figure.subplots_adjust(left=0.14, right=0.93, bottom=0.17, top=0.97)  # a layout engine draws twice
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    # Adapt matplotlib's file to a page: unique ids, no metadata, CSS colours.
    svg = buffer.getvalue().partition("<svg")[2]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    view = re.search(r'viewBox="[^"]+"', svg)
    head = f'<svg class="figure" role="img" aria-label="{title}" {view.group() if view else ""}>'
    svg = head + svg[svg.index(">") + 1 :].strip()
    svg = re.sub(r'\bid="', f'id="{key}-', svg)
    svg = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{key}-", svg).replace("xlink:href", "href")
    svg = re.sub(r"(font: [\d.]+px)[^;\"]*", r"\1 system-ui, sans-serif", svg)
    svg = svg.replace(' type="text/css"', "").replace(INK, "currentColor")
    for i, colour in enumerate(COLOURS):
        svg = svg.replace(colour, f"var(--line{i})")
    return svg


def write_figures(comparison: Comparison, folder: Path) -> list[Path]:
    """Write every figure as .png and .svg, without references; return the files."""
    look = looks(comparison)
    figures: dict[str, dict[str, Draw]] = {}
    for task in comparison.tasks:
        ending = f"-{file_part(task.name)}" if len(comparison.tasks) > 1 else ""
        draws = panels(task, look, ())
        curves = {title: draws.pop(title) for title in list(draws) if title.startswith("Score")}
        figures |= {f"curves{ending}": curves, f"profiles{ending}": draws}
        figures[f"probe{ending}"] = probe_panels(task)
    figures["games"] = game_panels(comparison, look)
    return [file for name, draws in figures.items() if draws for file in write_figure(draws, folder / name)]


def write_figure(
    draws: Mapping[str, Draw], stem: Path, height: float = 4.0, columns: int | None = None
) -> list[Path]:
    """Write titled panels as .png and .svg files, side by side or in this many columns; height of a row."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    files = [stem.with_name(stem.name + ending) for ending in (".png", ".svg")]
    with matplotlib.rc_context(STYLE | {"axes.facecolor": "white"}):
        across = min(columns or len(draws), len(draws))
        down = -(-len(draws) // across)
        figure = Figure(
            figsize=((5 if columns is None else 3.6) * across, height * down), layout="constrained"
        )
        axes: list[Axes] = figure.subplots(down, across, squeeze=False).flatten().tolist()
        for ax, (title, draw) in zip(axes, draws.items(), strict=False):
            draw(ax)
            ax.set_title(literal(title))
        for ax in axes[len(draws) :]:
            ax.remove()
        if axes[0].get_legend() is None:
            figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        for file in files:
            with replacing(file) as unfinished:
                figure.savefig(unfinished, dpi=120, metadata={"Date": None})
    return files
