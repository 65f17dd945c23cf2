"""A comparison as a self-contained page, and as tables."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import ascii_lowercase
from types import MappingProxyType

from markupsafe import Markup

from agents.analysis.comparison import Comparison, Row, Task
from agents.analysis.curves import grid, interpolate
from agents.analysis.references import Reference
from agents.report.captions import score_sentence
from agents.report.figures import Draw, Lettered, Looks, game_panels, looks, panel_svg, panels, probe_panels
from agents.report.templates import COLOURS, data_uri, render_page
from agents.report.text import cautions, games_of, headlines, number, times, with_interval
from agents.runs.files import replacing

DASHES = {"-": "none", "--": "7 4", ":": "2 3", "-.": "7 3 2 3"}  # as `stroke-dasharray`


def render(
    comparison: Comparison,
    *,
    videos: Mapping[str, bytes] = MappingProxyType({}),
    thumbnails: Mapping[str, bytes] = MappingProxyType({}),
    references: Sequence[Reference] = (),
    standings: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> str:
    """Render the page as self-contained HTML.

    Videos are MP4 of an episode of each group, by `Group.name`, thumbnails PNG of one of its frames,
    standings sentences of `on_track` about its typical run; any may be missing.
    """
    look = looks(comparison)
    names = ", ".join(task.name for task in comparison.tasks)
    both = len({group.observation for group in comparison.groups}) == 2
    lettered = {
        task.name: list(zip(ascii_lowercase, (r for r in references if r.env == task.name), strict=False))
        for task in comparison.tasks
    }
    return render_page(
        "report.html.j2",
        title=f"{names}: pixels and state" if both else names,
        comparison=comparison,
        headlines=headlines(comparison),
        cautions=cautions(comparison),
        keys=[
            (method, f"--line{COLOURS.index(line['color'])}", DASHES[line["linestyle"]])
            for method, line in look.items()
        ],
        figures=_figures(comparison, look, lettered),
        references=lettered,
        standings=standings,
        episodes=[
            {
                "name": group.name,
                "score": score_sentence(
                    group.typical.best_score,
                    group.typical.score_episodes,
                    group.config["evaluation.epsilon"],
                ),
                "video": data_uri("video/mp4", videos.get(group.name)),
                "thumbnail": data_uri("image/png", thumbnails.get(group.name)),
            }
            for group in comparison.groups
            if group.name in videos or group.name in thumbnails
        ],
    )


def _figures(
    comparison: Comparison, look: Looks, references: Mapping[str, Lettered]
) -> dict[str, list[tuple[str, Markup]]]:
    """Return titled figures by environment; an empty name is all games."""
    draws: dict[str, dict[str, Draw]] = {}
    for task in comparison.tasks:
        draws[task.name] = panels(task, look, references[task.name])
        draws[f"{task.name} probe"] = probe_panels(task)
    draws[""] = game_panels(comparison, look)
    return {
        section: [
            (title, Markup(panel_svg(draw, f"f{i}-{j}", str(Markup.escape(f"{section} {title}")))))
            for j, (title, draw) in enumerate(titled.items())
        ]
        for i, (section, titled) in enumerate(draws.items())
    }


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
        "steps_median": row.steps and row.steps.median,
        "seconds_median": row.seconds and row.seconds.median,
    }


def write_tables(comparison: Comparison, folder: Path) -> list[Path]:
    """Write `table.csv`, one row per group, and `curves.csv`; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    table, curves = folder / "table.csv", folder / "curves.csv"
    _write_csv(table, [_record(task, row) for task in comparison.tasks for row in task.rows])
    _write_csv(curves, [record for task in comparison.tasks for record in _curve_records(task)])
    return [table, curves]


def _curve_records(task: Task) -> Iterator[dict[str, object]]:
    points = grid(task, "steps")
    names = ("env_steps", "iqm", "low", "high")
    for row in task.rows:
        curve = interpolate(row.group, points, "steps")
        for cells in zip(curve.x.astype(int).tolist(), *curve.iqm, strict=True):
            group = {"environment": task.name, "method": row.group.method}
            yield group | dict(zip(names, cells, strict=True)) | {"runs": len(row.final)}


def _write_csv(path: Path, records: Sequence[Mapping[str, object]]) -> None:
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(records[0])
        writer.writerows(map(_cell, record.values()) for record in records)


def _cell(value: object) -> str:
    """Format a cell for any program; empty for None and NaN."""
    if value is None or value != value:
        return ""
    return str(value) if isinstance(value, str | int) else f"{float(value):.6g}"  # type: ignore[arg-type]


def console_table(comparison: Comparison) -> str:
    """Format the results as text: headlines, a table, cautions."""
    lines = [*comparison.warnings, *headlines(comparison), ""]
    for task in comparison.tasks:
        threshold = "" if task.reward_threshold is None else f" to {number(task.reward_threshold)}"
        end = f"final ({games_of(task.runs)})"
        cells = [("", "runs", end, "mean score", f"steps{threshold}", f"seconds{threshold}")]
        for row in task.rows:
            scores = with_interval(row.final_iqm), with_interval(row.area_iqm)
            ends = times(row.steps), times(row.seconds)
            cells.append((row.group.method, str(len(row.final)), *scores, *ends))
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines.append(task.name)
        lines += ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
        lines.append("")
    lines += cautions(comparison)
    return "\n".join(lines).strip()
