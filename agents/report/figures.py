"""Figures of a comparison, for a page and as files."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, StrMethodFormatter

from agents.analysis.comparison import Comparison, Row, Task
from agents.analysis.curves import Axis, grid, interpolate, is_wide
from agents.analysis.groups import Group
from agents.analysis.intervals import share_interval
from agents.analysis.references import Reference
from agents.analysis.statistics import Array, performance_profile
from agents.report.templates import COLOURS
from agents.report.text import number
from agents.runs.files import replacing

DASHES = ("-", "--", ":", "-.")
INK = "#010203"  # placeholder for a page's text colour; black on paper
GRAY = "#808080"
LETTERS = "abcdefghijklmnopqrstuvwxyz"  # labels of references in figures and tables
MANY = 10  # runs of a group: from here on shares have bands; above, single curves are left out

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pixel-dqn",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


Look = Mapping[str, tuple[str, str]]
"""Colour and dashes by method."""
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


def looks(comparison: Comparison) -> dict[str, tuple[str, str]]:
    """Assign each method a colour and dashes, the same in every figure."""
    methods = list(dict.fromkeys(group.method for group in comparison.groups))
    pairs = [(colour, dash) for dash in DASHES for colour in COLOURS]
    return dict(zip(methods, cycle(pairs), strict=False))


def panels(task: Task, look: Look, references: Sequence[Reference]) -> dict[str, Draw]:
    """Return the drawing functions of an environment's panels, by title."""
    draws: dict[str, Draw] = {
        "Score by agent steps": partial(_draw_scores, task, look, "steps", references),
        "Score by seconds of training": partial(_draw_scores, task, look, "seconds", references),
    }
    if task.reward_threshold is not None:
        draws[f"Runs that reached {number(task.reward_threshold)}"] = partial(_draw_reached, task, look)
    draws["Runs with a final score above"] = partial(_draw_profile, task, look)
    return draws


def probe_panels(task: Task) -> dict[str, Draw]:
    """Return the drawing functions of an environment's linear probes, by title."""
    groups = [row.group for row in task.rows]
    return {f"Linear probe of the state: {g.method}": partial(_draw_probe, g) for g in groups if probes(g)}


def probes(group: Group) -> list[str]:
    """Return the tags of the linear probes in a group's runs."""
    return list(dict.fromkeys(tag for run in group.runs for tag in run.curves if tag.startswith("probe/")))


def _draw_scores(task: Task, look: Look, axis: Axis, references: Sequence[Reference], ax: Axes) -> None:
    points = grid(task, axis)
    for row in task.rows:
        name = row.group.method
        colour, dash = look[name]
        curve = interpolate(row.group, points, axis)
        if 1 < len(curve.runs) <= MANY:
            ax.plot(curve.x, curve.runs.T, color=colour, alpha=0.3, linewidth=0.7)
        if np.isfinite(curve.iqm.low).all():
            ax.fill_between(curve.x, curve.iqm.low, curve.iqm.high, color=colour, alpha=0.15, linewidth=0)
        ax.plot(curve.x, curve.iqm.point, color=colour, linestyle=dash, linewidth=2, label=literal(name))
        ax.plot(curve.x[-1], curve.iqm.point[-1], "o", color=colour, markersize=4)
    scores = np.concatenate([run.score.values for row in task.rows for run in row.group.runs])
    low, high = min(scores.min(), 0.0), max(scores.max(), task.reward_threshold or scores.max())
    span = (high - low) or 1.0
    # Not to the ends of the bands, which may exceed possible scores.
    ax.set_ylim(low - 0.04 * span, high + 0.06 * span)
    if task.reward_threshold is not None:
        ax.axhline(task.reward_threshold, color=GRAY, linestyle=":", linewidth=1.2)
    ax.set_ylabel("greedy score")
    _label(ax, axis, is_wide(task))
    _draw_references(references, axis, float(points[-1]), ax)


def _draw_references(references: Sequence[Reference], axis: Axis, end: float, ax: Axes) -> None:
    """Draw references within the axis, with their letters in the page's table."""
    low, high = ax.get_ylim()
    for i, (letter, reference) in enumerate(zip(LETTERS, references, strict=False)):
        if low < reference.score < high:
            ax.axhline(reference.score, color=GRAY, linestyle=(0, (1, 4)), linewidth=1)
            place = (1.005 + 0.022 * (i % 3), reference.score)  # side by side, as scores may be close
            ax.annotate(
                letter, place, xycoords=("axes fraction", "data"), color=GRAY, va="center", fontsize=9
            )
            if reference.steps is not None and axis == "steps" and reference.steps <= end:
                ax.plot(reference.steps, reference.score, "D", color=GRAY, markersize=4)


def _label(ax: Axes, axis: Axis, wide: bool = False) -> None:
    if axis == "seconds" and wide:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    else:
        ax.locator_params(axis="x", nbins=6)
    if axis == "steps":
        ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    ax.set_xlabel("agent steps" if axis == "steps" else "seconds of training")
    ax.grid(alpha=0.25)


def _draw_shares(
    rows: Sequence[Row], look: Look, x: Array, share: Callable[[Row], Array], ax: Axes
) -> None:
    for row in rows:
        name = row.group.method
        colour, dash = look[name]
        y = share(row)
        if len(row.final) >= MANY:
            low, high = share_interval(y, len(row.final))
            ax.fill_between(x, low, high, color=colour, alpha=0.1, linewidth=0, step="post")
        ax.step(x, y, where="post", color=colour, linestyle=dash, linewidth=2, label=literal(name))
    ax.set_ylim(-0.03, 1.05)
    ax.set_ylabel("share of runs")
    ax.grid(alpha=0.25)


def _draw_reached(task: Task, look: Look, ax: Axes) -> None:
    reached = {row.group.name: row.steps.latest for row in task.rows if row.steps}
    x = np.unique(
        np.concatenate([[0, task.horizon], *(row.steps.observed for row in task.rows if row.steps)])
    )
    _draw_shares(task.rows, look, x, lambda row: 1 - performance_profile([reached[row.group.name]], x), ax)
    _label(ax, "steps")


def _draw_profile(task: Task, look: Look, ax: Axes) -> None:
    scores = np.concatenate([row.final for row in task.rows])
    margin = max(scores.max() - scores.min(), 1e-6) * 0.05
    x = np.linspace(scores.min() - margin, scores.max() + margin, 200)
    x = np.unique(np.concatenate([x, scores]))
    _draw_shares(task.rows, look, x, lambda row: performance_profile([row.final], x), ax)
    ax.set_xlabel("final greedy score")


def draw_game_profile(comparison: Comparison, look: Look, ax: Axes) -> None:
    """Draw the share of runs above each human-normalised score."""
    scores = np.concatenate([scores for method in comparison.games for scores in method.scores])
    x = np.linspace(min(0.0, scores.min()), max(1.0, scores.max()), 200)
    for method in comparison.games:
        colour, dash = look[method.method]
        y = performance_profile(method.scores, x)
        low, high = share_interval(y, sum(len(scores) for scores in method.scores))
        ax.fill_between(x, low, high, color=colour, alpha=0.1, linewidth=0)
        ax.plot(x, y, color=colour, linestyle=dash, linewidth=2, label=literal(method.method))
    ax.set_ylim(-0.03, 1.05)
    ax.set_xlabel("score; random play 0, human 1")
    ax.set_ylabel("share of runs")
    ax.grid(alpha=0.25)


def _draw_probe(group: Group, ax: Axes) -> None:
    for tag, (colour, dash) in zip(probes(group), ((c, d) for d in DASHES for c in COLOURS), strict=False):
        curves = [run.curves[tag] for run in group.runs if tag in run.curves]
        x = np.unique(np.concatenate([curve.steps for curve in curves])).astype(np.float64)
        x = x[:: -(-len(x) // 200)]
        runs = np.stack([np.interp(x, c.steps, c.values, right=np.nan) for c in curves])
        ended = np.isnan(runs).all(axis=0)
        y = np.where(ended, np.nan, np.nansum(runs, axis=0) / np.maximum((~np.isnan(runs)).sum(axis=0), 1))
        name = tag.removeprefix("probe/").removeprefix("r2_").replace("_dot", " velocity").replace("_", " ")
        ax.plot(x, y, color=colour, linestyle=dash, linewidth=1.8, label=literal(name))
    ax.set_ylim(max(min(ax.get_ylim()[0], 0.0), -0.5), 1.03)
    ax.set_ylabel("R² (1: linear in the features)")
    _label(ax, "steps")
    ax.legend(loc="best", fontsize="small", ncols=2)


def panel_svg(draw: Draw, key: str, title: str) -> str:
    """Draw one panel as an `<svg>` element in the page's colours.

    Args:
        draw: Drawing function.
        key: Prefix of its element ids, unique on the page.
        title: Text for screen readers.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.8, 3.1))
        draw(figure.subplots())
        figure.subplots_adjust(left=0.14, right=0.93, bottom=0.17, top=0.97)  # a layout engine draws twice
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return _adapted(buffer.getvalue(), key, title)


def _adapted(svg: str, key: str, title: str) -> str:
    """Adapt matplotlib's file to a page: unique ids, no metadata, CSS colours."""
    svg = svg[svg.index("<svg") :]
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
    """Write every figure as .png and .svg, without references.

    Args:
        comparison: The results.
        folder: Created if missing.

    Returns:
        The files.
    """
    look, written = looks(comparison), []
    folder.mkdir(parents=True, exist_ok=True)
    for task in comparison.tasks:
        ending = f"-{file_part(task.name)}" if len(comparison.tasks) > 1 else ""
        draws = panels(task, look, ())
        curves = {name: draw for name, draw in draws.items() if name.startswith("Score")}
        others = {name: draw for name, draw in draws.items() if name not in curves}
        written += _write(curves, folder / f"curves{ending}")
        written += _write(others, folder / f"profiles{ending}")
        written += _write(probe_panels(task), folder / f"probe{ending}")
    if comparison.games:
        draw = partial(draw_game_profile, comparison, look)
        written += _write({"Runs above a human-normalised score": draw}, folder / "games")
    return written


def _write(draws: Mapping[str, Draw], stem: Path) -> list[Path]:
    if not draws:
        return []
    with matplotlib.rc_context(STYLE | {"axes.facecolor": "white"}):
        figure = Figure(figsize=(5 * len(draws), 4), layout="constrained")
        axes: Sequence[Axes] = figure.subplots(1, len(draws), squeeze=False)[0]
        for ax, (title, draw) in zip(axes, draws.items(), strict=True):
            draw(ax)
            ax.set_title(literal(title), fontsize="medium")
        if axes[0].get_legend() is None:
            lines = axes[0].get_legend_handles_labels()
            figure.legend(*lines, loc="outside lower center", ncols=4, fontsize="small")
        return save(figure, stem)


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write a figure as .png and .svg; return the files."""
    files = [stem.with_name(stem.name + suffix) for suffix in (".png", ".svg")]
    for file in files:
        with replacing(file) as partial:
            figure.savefig(partial, dpi=120, metadata={"Date": None} if file.suffix == ".svg" else None)
    return files
