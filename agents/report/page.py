"""A comparison as one page that needs nothing but itself, and as tables."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from agents.analysis.comparison import Comparison, Row, Task
from agents.analysis.curves import grid, join
from agents.analysis.intervals import Estimate, median_time
from agents.analysis.references import Reference
from agents.report import text as wording
from agents.report.captions import score_sentence
from agents.report.figures import (
    LETTERS,
    Draw,
    Look,
    draw_game_profile,
    looks,
    panel_svg,
    panels,
    probe_panels,
)
from agents.report.templates import COLOURS, data_uri, render_page
from agents.runs.files import replacing

LINES = {"-": "none", "--": "7 4", ":": "2 3", "-.": "7 3 2 3"}  # of a key's line, as SVG writes them


class Key(NamedTuple):
    """How a method is drawn."""

    method: str
    colour: str  # its CSS variable
    dash: str


class Image(NamedTuple):
    """A figure of the page."""

    title: str
    svg: Markup


class Show(NamedTuple):
    """A group's play, and what its agent sees; data URIs, empty where there is none."""

    name: str
    score: str
    play: str
    view: str


def render(
    comparison: Comparison,
    *,
    plays: Mapping[str, bytes] | None = None,
    views: Mapping[str, bytes] | None = None,
    references: Sequence[Reference] = (),
) -> str:
    """Returns the page as HTML; it loads nothing from anywhere.

    Args:
        comparison: What it tells.
        plays: An mp4 video for each group, by `Group.name`; any may be missing.
        views: A PNG of what a group's agent sees, by `Group.name`.
        references: Numbers to hold the runs against.
    """
    look = looks(comparison)
    return render_page(
        "report.html.j2",
        title=_title(comparison),
        comparison=comparison,
        headlines=wording.headlines(comparison),
        cautions=wording.cautions(comparison),
        keys=[Key(m, f"--line{COLOURS.index(c)}", LINES[d]) for m, (c, d) in look.items()],
        look=look,
        images=_images(comparison, look, references),
        references={task.name: _lettered(task, references) for task in comparison.tasks},
        shows=list(_shows(comparison, plays or {}, views or {})),
    )


def _title(comparison: Comparison) -> str:
    names = ", ".join(task.name for task in comparison.tasks)
    sides = {group.observation for group in comparison.groups}
    return f"{names}: pixels and state" if len(sides) == 2 else names


def _lettered(task: Task, references: Sequence[Reference]) -> list[tuple[str, Reference]]:
    return list(zip(LETTERS, (r for r in references if r.env == task.name), strict=False))


def _images(comparison: Comparison, look: Look, references: Sequence[Reference]) -> dict[str, list[Image]]:
    """Returns the figures by environment; those over all games under an empty name."""
    drawn: dict[str, dict[str, Draw]] = {}
    for task in comparison.tasks:
        known = [reference for _, reference in _lettered(task, references)]
        drawn[task.name] = panels(task, look, known)
        drawn[f"{task.name} probe"] = probe_panels(task)
    if comparison.games:
        drawn[""] = {"Runs above a human-normalised score": partial(draw_game_profile, comparison, look)}
    return {
        place: [
            Image(title, Markup(panel_svg(draw, f"f{i}-{j}", str(Markup.escape(f"{place} {title}")))))
            for j, (title, draw) in enumerate(some.items())
        ]
        for i, (place, some) in enumerate(drawn.items())
    }


def _shows(
    comparison: Comparison, plays: Mapping[str, bytes], views: Mapping[str, bytes]
) -> Iterator[Show]:
    for group in comparison.groups:
        if group.name in plays or group.name in views:
            run = group.typical
            yield Show(
                name=group.name,
                score=score_sentence(run.best_score, run.score_episodes),
                play=data_uri("video/mp4", plays.get(group.name)),
                view=data_uri("image/png", views.get(group.name)),
            )


def _record(task: Task, row: Row) -> dict[str, Any]:
    """Returns a row of `table.csv`; intervals are nominal 95 %, times agent steps and training seconds."""
    return {
        "environment": task.name,
        "method": row.group.method,
        "runs": len(row.ends),
        "unfinished": sum(not run.finished for run in row.group.runs),
        "end_iqm": row.end.point,
        "end_low": row.end.low,
        "end_high": row.end.high,
        "kept_mean": row.kept,
        "area_iqm": row.area.point,
        "area_low": row.area.low,
        "area_high": row.area.high,
        "horizon": task.horizon,
        "reward_threshold": task.reward_threshold,
        "reached": row.steps and int(row.steps.reached.sum()),
        "steps_median": row.steps and median_time(row.steps),
        "seconds_median": row.seconds and median_time(row.seconds),
    }


def write_tables(comparison: Comparison, folder: Path) -> list[Path]:
    """Writes `table.csv`, one row a group, and `curves.csv`, the joined curves; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    table, curves = folder / "table.csv", folder / "curves.csv"
    records = [_record(task, row) for task in comparison.tasks for row in task.rows]
    _write_csv(table, list(records[0]), [[_cell(v) for v in record.values()] for record in records])
    head = ["environment", "method", "env_steps", "iqm", "low", "high", "runs"]
    _write_csv(curves, head, [cells for task in comparison.tasks for cells in _curve_rows(task)])
    return [table, curves]


def _curve_rows(task: Task) -> Iterator[list[str]]:
    points = grid(task, "steps")
    for row in task.rows:
        joined = join(row.group, points, "steps")
        columns = (joined.x.astype(int), *joined.iqm)
        for cells in zip(*columns, strict=True):
            yield [task.name, row.group.method, *map(_cell, cells), str(len(row.ends))]


def _cell(value: Any) -> str:
    """Returns a number as any program reads it; empty where there is none."""
    if value is None or value != value:
        return ""
    return f"{float(value):.6g}" if not isinstance(value, str | int) else str(value)


def _write_csv(path: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])


def console_table(comparison: Comparison) -> str:
    """Returns the answers as text: headlines, a table, cautions."""
    lines = [*comparison.warnings, *wording.headlines(comparison), ""]
    for task in comparison.tasks:
        reward_threshold = (
            "" if task.reward_threshold is None else f" to {wording.number(task.reward_threshold)}"
        )
        end = f"end ({wording.games_of([run for row in task.rows for run in row.group.runs])})"
        head = ("", "runs", end, "mean score", f"steps{reward_threshold}", f"seconds{reward_threshold}")
        cells = [head, *(_cells(row) for row in task.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
        lines += [
            task.name,
            *("  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in cells),
        ]
        lines.append("")
    lines += wording.cautions(comparison)
    return "\n".join(lines).strip()


def _cells(row: Row) -> tuple[str, ...]:
    estimates: tuple[Estimate, ...] = (row.end, row.area)
    shown = map(wording.with_interval, estimates)
    return (
        row.group.method,
        str(len(row.ends)),
        *shown,
        wording.times(row.steps),
        wording.times(row.seconds),
    )
