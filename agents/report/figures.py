"""Images of a comparison, for a page (light and dark) and as files."""

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
from agents.analysis.curves import Axis, grid, is_wide, join
from agents.analysis.groups import Group
from agents.analysis.intervals import share_interval
from agents.analysis.references import Reference
from agents.analysis.statistics import Array, performance_profile
from agents.report.templates import COLOURS
from agents.report.text import number
from agents.runs.files import replacing

DASHES = ("-", "--", ":", "-.")
INK = "#010203"  # what a page replaces by the colour of its text; on paper it is black
GRAY = "#808080"
LETTERS = "abcdefghijklmnopqrstuvwxyz"  # name references in images and tables
MANY = 10  # runs of a group, from which shares get bands and above which single curves are not drawn

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
    """Returns text that matplotlib draws as it is: dollar signs are no mathematics."""
    return text.replace("$", r"\$")


def file_part(name: str) -> str:
    """Returns a name as a part of a file's, without anything that leads to another folder.

    Example:
        >>> file_part("ALE/Pong-v5"), file_part("../../x<y>")
        ('ALE-Pong-v5', 'x-y')
    """
    return re.sub(r"[^\w.+]+", "-", name).strip("-.")


def looks(comparison: Comparison) -> dict[str, tuple[str, str]]:
    """Gives each method its own colour, or dashes where colours run out; the same in every image."""
    methods = list(dict.fromkeys(group.method for group in comparison.groups))
    pairs = [(colour, dash) for dash in DASHES for colour in COLOURS]
    return dict(zip(methods, cycle(pairs), strict=False))


def panels(task: Task, look: Look, references: Sequence[Reference]) -> dict[str, Draw]:
    """Returns what can be drawn of an environment: a name that says what it shows, and how to draw it."""
    found: dict[str, Draw] = {
        "Score by agent steps": partial(_draw_scores, task, look, "steps", references),
        "Score by seconds of training": partial(_draw_scores, task, look, "seconds", references),
    }
    if task.reward_threshold is not None:
        found[f"Runs that reached {number(task.reward_threshold)}"] = partial(_draw_reached, task, look)
    found["Runs that end above a score"] = partial(_draw_profile, task, look)
    return found


def probe_panels(task: Task) -> dict[str, Draw]:
    """Returns how to draw the state probes of an environment's groups, where there are any."""
    groups = [row.group for row in task.rows]
    return {f"State in the features: {g.method}": partial(_draw_probe, g) for g in groups if probes(g)}


def probes(group: Group) -> list[str]:
    """Returns the tags of the state probe that a run of the group logged."""
    return list(dict.fromkeys(tag for run in group.runs for tag in run.curves if tag.startswith("probe/")))


def _draw_scores(task: Task, look: Look, axis: Axis, references: Sequence[Reference], ax: Axes) -> None:
    points = grid(task, axis)
    for row in task.rows:
        name = row.group.method
        colour, dash = look[name]
        joined = join(row.group, points, axis)
        if 1 < len(joined.runs) <= MANY:
            ax.plot(joined.x, joined.runs.T, color=colour, alpha=0.3, linewidth=0.7)
        if np.isfinite(joined.iqm.low).all():
            ax.fill_between(
                joined.x, joined.iqm.low, joined.iqm.high, color=colour, alpha=0.15, linewidth=0
            )
        ax.plot(
            joined.x,
            joined.iqm.point,
            color=colour,
            linestyle=dash,
            linewidth=2,
            label=literal(name),
        )
        ax.plot(joined.x[-1], joined.iqm.point[-1], "o", color=colour, markersize=4)
    scores = np.concatenate([run.score.values for row in task.rows for run in row.group.runs])
    low, high = min(scores.min(), 0.0), max(scores.max(), task.reward_threshold or scores.max())
    room = (high - low) or 1.0
    ax.set_ylim(low - 0.04 * room, high + 0.06 * room)  # bands may promise more than there is
    if task.reward_threshold is not None:
        ax.axhline(task.reward_threshold, color=GRAY, linestyle=":", linewidth=1.2)
    ax.set_ylabel("greedy score")
    _label(ax, axis, is_wide(task))
    _draw_references(references, axis, float(points[-1]), ax)


def _draw_references(references: Sequence[Reference], axis: Axis, end: float, ax: Axes) -> None:
    """Draws those whose score is in the image, with the letter that the page's table gives them."""
    low, high = ax.get_ylim()
    for i, (letter, reference) in enumerate(zip(LETTERS, references, strict=False)):
        if low < reference.score < high:
            ax.axhline(reference.score, color=GRAY, linestyle=(0, (1, 4)), linewidth=1)
            place = (1.005 + 0.022 * (i % 3), reference.score)  # side by side, as scores may lie close
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
        if len(row.ends) >= MANY:
            low, high = share_interval(y, len(row.ends))
            ax.fill_between(x, low, high, color=colour, alpha=0.1, linewidth=0, step="post")
        ax.step(x, y, where="post", color=colour, linestyle=dash, linewidth=2, label=literal(name))
    ax.set_ylim(-0.03, 1.05)
    ax.set_ylabel("share of runs")
    ax.grid(alpha=0.25)


def _draw_reached(task: Task, look: Look, ax: Axes) -> None:
    reached = {row.group.name: row.steps.latest for row in task.rows if row.steps}
    x = np.unique(np.concatenate([[0, task.horizon], *(row.steps.seen for row in task.rows if row.steps)]))
    _draw_shares(task.rows, look, x, lambda row: 1 - performance_profile([reached[row.group.name]], x), ax)
    _label(ax, "steps")


def _draw_profile(task: Task, look: Look, ax: Axes) -> None:
    every = np.concatenate([row.ends for row in task.rows])
    room = max(every.max() - every.min(), 1e-6) * 0.05
    x = np.unique(np.concatenate([np.linspace(every.min() - room, every.max() + room, 200), every]))
    _draw_shares(task.rows, look, x, lambda row: performance_profile([row.ends], x), ax)
    ax.set_xlabel("greedy score at the end")


def draw_game_profile(comparison: Comparison, look: Look, ax: Axes) -> None:
    """Draws the share of runs over all games that score above a human-normalised score."""
    every = np.concatenate([scores for method in comparison.games for scores in method.scores])
    x = np.linspace(min(0.0, every.min()), max(1.0, every.max()), 200)
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
    ax.set_ylabel("R² (1: read off exactly)")
    _label(ax, "steps")
    ax.legend(loc="best", fontsize="small", ncols=2)


def panel_svg(draw: Draw, key: str, title: str) -> str:
    """Draws one panel as an `<svg>` element that takes the page's colours.

    Args:
        draw: What to draw.
        key: Tells its element ids from those of the page's other images.
        title: What a screen reader says.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.8, 3.1))
        draw(figure.subplots())
        figure.subplots_adjust(left=0.14, right=0.93, bottom=0.17, top=0.97)  # a layout engine draws twice
        made = io.StringIO()
        figure.savefig(made, format="svg", transparent=True, metadata={"Date": None})
    return _adapted(made.getvalue(), key, title)


def _adapted(svg: str, key: str, title: str) -> str:
    """Makes matplotlib's file an element of a page: its own ids, no metadata, colours by name."""
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
    """Writes every image as .png and .svg; without references, whose letters need the page's table.

    Args:
        comparison: What to draw.
        folder: Made if it does not exist.

    Returns:
        The files.
    """
    look, written = looks(comparison), []
    folder.mkdir(parents=True, exist_ok=True)
    for task in comparison.tasks:
        ending = f"-{file_part(task.name)}" if len(comparison.tasks) > 1 else ""
        drawn = panels(task, look, ())
        curves = {name: draw for name, draw in drawn.items() if name.startswith("Score")}
        others = {name: draw for name, draw in drawn.items() if name not in curves}
        written += _write(curves, folder / f"curves{ending}")
        written += _write(others, folder / f"profiles{ending}")
        written += _write(probe_panels(task), folder / f"probe{ending}")
    if comparison.games:
        draw = partial(draw_game_profile, comparison, look)
        written += _write({"Runs above a human-normalised score": draw}, folder / "games")
    return written


def _write(drawn: Mapping[str, Draw], stem: Path) -> list[Path]:
    if not drawn:
        return []
    files = [stem.with_name(stem.name + ending) for ending in (".png", ".svg")]
    with matplotlib.rc_context(STYLE | {"axes.facecolor": "white"}):
        figure = Figure(figsize=(5 * len(drawn), 4), layout="constrained")
        axes: Any = figure.subplots(1, len(drawn), squeeze=False)[0]
        for ax, (title, draw) in zip(axes, drawn.items(), strict=True):
            draw(ax)
            ax.set_title(literal(title), fontsize="medium")
        if axes[0].get_legend() is None:
            lines = axes[0].get_legend_handles_labels()
            figure.legend(*lines, loc="outside lower center", ncols=4, fontsize="small")
        for file in files:
            with replacing(file) as partial:
                figure.savefig(partial, dpi=120, metadata={"Date": None} if file.suffix == ".svg" else None)
    return files
