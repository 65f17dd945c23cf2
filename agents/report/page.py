"""A comparison as a self-contained page, and as tables."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from agents.analysis.comparison import Comparison, Row, Task
from agents.analysis.curves import grid, interpolate
from agents.analysis.intervals import median_time
from agents.analysis.references import Reference
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
from agents.report.text import cautions, games_of, headlines, number, times, with_interval
from agents.runs.files import replacing

LINES = {"-": "none", "--": "7 4", ":": "2 3", "-.": "7 3 2 3"}  # as `stroke-dasharray`


class Key(NamedTuple):
    """Legend entry of a method."""

    method: str
    colour: str  # its CSS variable
    dash: str


class Figure(NamedTuple):
    """A figure of the page."""

    title: str
    svg: Markup


class Episode(NamedTuple):
    """A group's recorded episode; data URIs, empty if missing."""

    name: str
    score: str
    video: str
    thumbnail: str


def render(
    comparison: Comparison,
    *,
    videos: Mapping[str, bytes] | None = None,
    thumbnails: Mapping[str, bytes] | None = None,
    references: Sequence[Reference] = (),
) -> str:
    """Render the page as self-contained HTML.

    Args:
        comparison: The results.
        videos: An MP4 of an episode of each group, by `Group.name`; any may be missing.
        thumbnails: A PNG of one of its frames, likewise.
        references: Reference scores of the runs.
    """
    look = looks(comparison)
    return render_page(
        "report.html.j2",
        title=_title(comparison),
        comparison=comparison,
        headlines=headlines(comparison),
        cautions=cautions(comparison),
        keys=[Key(m, f"--line{COLOURS.index(c)}", LINES[d]) for m, (c, d) in look.items()],
        look=look,
        figures=_figures(comparison, look, references),
        references={task.name: _lettered(task, references) for task in comparison.tasks},
        episodes=list(_episodes(comparison, videos or {}, thumbnails or {})),
    )


def _title(comparison: Comparison) -> str:
    names = ", ".join(task.name for task in comparison.tasks)
    sides = {group.observation for group in comparison.groups}
    return f"{names}: pixels and state" if len(sides) == 2 else names


def _lettered(task: Task, references: Sequence[Reference]) -> list[tuple[str, Reference]]:
    return list(zip(LETTERS, (r for r in references if r.env == task.name), strict=False))


def _figures(
    comparison: Comparison, look: Look, references: Sequence[Reference]
) -> dict[str, list[Figure]]:
    """Return figures by environment; those over all games under an empty name."""
    draws: dict[str, dict[str, Draw]] = {}
    for task in comparison.tasks:
        own = [reference for _, reference in _lettered(task, references)]
        draws[task.name] = panels(task, look, own)
        draws[f"{task.name} probe"] = probe_panels(task)
    if comparison.games:
        draws[""] = {"Runs above a human-normalised score": partial(draw_game_profile, comparison, look)}
    return {
        section: [
            Figure(title, Markup(panel_svg(draw, f"f{i}-{j}", str(Markup.escape(f"{section} {title}")))))
            for j, (title, draw) in enumerate(titled.items())
        ]
        for i, (section, titled) in enumerate(draws.items())
    }


def _episodes(
    comparison: Comparison, videos: Mapping[str, bytes], thumbnails: Mapping[str, bytes]
) -> Iterator[Episode]:
    for group in comparison.groups:
        if group.name in videos or group.name in thumbnails:
            run = group.typical
            yield Episode(
                name=group.name,
                score=score_sentence(run.best_score, run.score_episodes),
                video=data_uri("video/mp4", videos.get(group.name)),
                thumbnail=data_uri("image/png", thumbnails.get(group.name)),
            )


def _record(task: Task, row: Row) -> dict[str, object]:
    """Return a row of `table.csv`, with intervals of nominal 95 %."""
    return {
        "environment": task.name,
        "method": row.group.method,
        "runs": len(row.final),
        "unfinished": sum(not run.finished for run in row.group.runs),
        "final_iqm": row.final_iqm.point,
        "final_low": row.final_iqm.low,
        "final_high": row.final_iqm.high,
        "best_mean": row.best_checkpoint,
        "area_iqm": row.area_iqm.point,
        "area_low": row.area_iqm.low,
        "area_high": row.area_iqm.high,
        "horizon": task.horizon,
        "reward_threshold": task.reward_threshold,
        "reached": row.steps and int(row.steps.reached.sum()),
        "steps_median": row.steps and median_time(row.steps),
        "seconds_median": row.seconds and median_time(row.seconds),
    }


def write_tables(comparison: Comparison, folder: Path) -> list[Path]:
    """Write `table.csv`, one row per group, and `curves.csv`; return the files."""
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
        curve = interpolate(row.group, points, "steps")
        for cells in zip(curve.x.astype(int), *curve.iqm, strict=True):
            yield [task.name, row.group.method, *map(_cell, cells), str(len(row.final))]


def _cell(value: object) -> str:
    """Format a cell for any program; empty for None and NaN."""
    if value is None or value != value:
        return ""
    return str(value) if isinstance(value, str | int) else f"{float(value):.6g}"  # type: ignore[arg-type]


def _write_csv(path: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])


def console_table(comparison: Comparison) -> str:
    """Format the results as text: headlines, a table, cautions."""
    lines = [*comparison.warnings, *headlines(comparison), ""]
    for task in comparison.tasks:
        threshold = "" if task.reward_threshold is None else f" to {number(task.reward_threshold)}"
        end = f"final ({games_of([run for row in task.rows for run in row.group.runs])})"
        head = ("", "runs", end, "mean score", f"steps{threshold}", f"seconds{threshold}")
        cells = [head, *(_cells(row) for row in task.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
        padded = ("  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in cells)
        lines += [task.name, *padded, ""]
    lines += cautions(comparison)
    return "\n".join(lines).strip()


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.group.method,
        str(len(row.final)),
        with_interval(row.final_iqm),
        with_interval(row.area_iqm),
        times(row.steps),
        times(row.seconds),
    )
