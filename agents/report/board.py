"""Table and small multiples of many Atari games, beside published curves and scores."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter

from agents.analysis.baselines import BLOCK, baselines, same_rules, training_returns
from agents.analysis.comparison import Comparison, Task
from agents.analysis.groups import Group
from agents.analysis.statistics import Array
from agents.config import ConfigError
from agents.report.figures import GRAY, Looks, literal, looks, write_figure
from agents.report.text import number
from agents.runs.files import write_whole
from envs.families import is_atari, reference_scores

DRAWN = {"DQN": "--", "QR-DQN": ":", "Rainbow": "-."}
"""Baselines in the figure, with their dashes."""
MILESTONE = 1_000_000
"""Agent steps of a table of its own, in longer runs."""
COLUMNS = 4  # of the figure


def write_board(comparison: Comparison, folder: Path) -> list[Path]:
    """Write `board.md`, `board.png` and `board.svg`; return the files.

    Raises:
        ConfigError: there is a run that is not of an Atari game.
    """
    if others := [task.name for task in comparison.tasks if not is_atari(task.name)]:
        raise ConfigError(f"A board shows Atari games, and {others[0]} is none; leave it out.")
    look, table = looks(comparison), folder / "board.md"
    draws = {task.name: partial(_draw, task, look) for task in comparison.tasks}
    figures = write_figure(draws, folder / "board", 3.0, columns=COLUMNS)
    end = max(task.horizon for task in comparison.tasks) // BLOCK * BLOCK
    parts = [_training_table(comparison.tasks, steps) for steps in sorted({min(MILESTONE, end), end})]
    write_whole(table, "\n\n".join([*parts, _agents_table(comparison.tasks)]) + "\n")
    return [table, *figures]


def _training_table(tasks: Sequence[Task], steps: int) -> str:
    """Return the table of training returns in the block of steps that ends here."""
    agents = list(dict.fromkeys(agent for task in tasks for agent in baselines(task.name)))
    lines = [["game", "random", "human", "here: mean", "each seed", *agents]]
    for task, group in _groups(tasks):
        returns = _at(group, steps)
        curves = baselines(task.name) if same_rules(group.runs[0]) else {}
        theirs = [
            _cell(curve[steps // BLOCK - 1]) if steps // BLOCK <= len(curve) else ""
            for curve in curves.values()
        ]
        cells = [_cell(score) for score in reference_scores(task.name) or ()] or ["", ""]
        each = " ".join(map(_cell, returns))
        lines.append([_name(task, group), *cells, _cell(float(np.mean(returns))), each, *theirs])
    return (
        f"Mean return of the training games in the {BLOCK:,} agent steps up to {steps:,}; at the right, "
        "Dopamine's baselines (means of 5 seeds) in the same steps.\n\n" + _markdown(lines)
    )


def _agents_table(tasks: Sequence[Task]) -> str:
    """Return the table of the scores of best checkpoints and last agents, as the protocol plays."""
    lines = [
        ["game", "steps", "best agent: mean", "each seed", "last agent: each seed", "seconds of training"]
    ]
    for task, group in _groups(tasks):
        done = [(run.summary, run.score.seconds[-1]) for run in group.runs if run.summary]
        best, last = ([getattr(one, name) for one, _ in done] for name in ("eval_mean", "final_mean"))
        seconds = " ".join(f"{value:.0f}" for _, value in done)
        mean = _cell(float(np.mean(best))) if best else ""
        each = (" ".join(map(_cell, scores)) for scores in (best, last))
        lines.append([_name(task, group), f"{task.horizon:,}", mean, *each, seconds])
    episodes = tasks[0].rows[0].group.config["evaluation.solved_episodes"]
    return f"Mean score of {episodes} games of the best checkpoint and of the last agent.\n\n" + _markdown(
        lines
    )


def _groups(tasks: Sequence[Task]) -> list[tuple[Task, Group]]:
    return [(task, row.group) for task in tasks for row in task.rows]


def _name(task: Task, group: Group) -> str:
    game = task.name.rpartition("/")[2].partition("-v")[0]
    return game if len(task.rows) == 1 else f"{game}, {group.method}"


def _at(group: Group, steps: int) -> Array:
    """Return each run's training return of the block that ends here, NaN where there is none."""
    curves = [training_returns(run) for run in group.runs]
    return np.array(
        [curve[steps // BLOCK - 1] if len(curve) >= steps // BLOCK else np.nan for curve in curves]
    )


def _cell(value: float) -> str:
    return number(value) if abs(value) >= 100 or value != value else f"{value:.1f}"


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    head, *rows = lines
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows))


def _draw(task: Task, look: Looks, ax: Axes) -> None:
    """Draw each run's training returns, their mean, baselines, and a human's score if it is near."""
    curves = baselines(task.name) if same_rules(task.rows[0].group.runs[0]) else {}
    blocks = 0
    for row in task.rows:
        line, runs = look[row.group.method], [training_returns(run) for run in row.group.runs]
        blocks = max(blocks, *map(len, runs))
        for curve in runs:
            ax.plot(_ends(len(curve)), curve, color=line["color"], linestyle="-", alpha=0.35, linewidth=0.8)
        shared = np.stack([curve[: min(map(len, runs))] for curve in runs])
        ax.plot(_ends(shared.shape[1]), shared.mean(axis=0), label=literal(row.group.method), **line)
    for agent, dashes in DRAWN.items():
        if agent in curves:
            shown = curves[agent][:blocks]
            ax.plot(
                _ends(len(shown)),
                shown,
                color=GRAY,
                linestyle=dashes,
                linewidth=1.3,
                label=f"Dopamine's {agent}",
            )
    random, human = reference_scores(task.name) or (np.nan, np.nan)
    ax.axhline(random, color=GRAY, linewidth=0.8, alpha=0.6)
    low, high = ax.get_ylim()
    if low < human < high + 0.5 * (high - low):
        ax.axhline(human, color=GRAY, linewidth=0.8, alpha=0.6)
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    ax.locator_params(axis="x", nbins=5)
    ax.set_xlabel("agent steps")


def _ends(blocks: int) -> Array:
    return BLOCK * np.arange(1.0, blocks + 1)
