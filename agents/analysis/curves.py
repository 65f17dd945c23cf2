"""Learning curves of runs, from their `metrics.jsonl`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from agents.analysis.figures import COLOURS
from agents.analysis.records import read_curve


def draw_curves(groups: Mapping[str, Sequence[Path]], mark: float | None = None) -> Figure:
    """Draws greedy score against agent steps and against seconds of training.

    Args:
        groups: Name of each group and its runs, one a seed.
        mark: Score at which the environment counts as solved.

    Returns:
        A figure with one line a run.
    """
    made: Any = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    figure, axes = made
    for colour, (name, runs) in zip(COLOURS, groups.items(), strict=False):
        for i, run in enumerate(runs):
            curve = read_curve(run)
            label = f"{name} ({len(runs)} seed{'s' * (len(runs) > 1)})" if i == 0 else None
            columns: list[Any] = [curve.steps, curve.seconds]
            for axis, x in zip(axes, columns, strict=True):
                axis.plot(x, curve.values, color=colour, alpha=0.6, linewidth=1.3, label=label)
                if len(x):
                    axis.plot(x[-1], curve.values[-1], "o", color=colour, markersize=4)
    for axis, name in zip(axes, ("agent steps", "seconds of training"), strict=True):
        axis.set_xlabel(name)
        axis.grid(alpha=0.3)
        if mark is not None:
            axis.axhline(mark, color="0.4", linestyle=":", label=f"solved: {mark:g}")
    axes[0].set_ylabel("greedy return (mean of an evaluation)")
    axes[1].legend(loc="lower right", fontsize="small")
    axes[0].set_ylim(bottom=min(0.0, axes[0].get_ylim()[0]))
    return figure


def write_curves(groups: Mapping[str, Sequence[Path]], out: Path, mark: float | None = None) -> None:
    """Writes the figure of `draw_curves`; the ending of `out` decides the format."""
    figure = draw_curves(groups, mark)
    figure.savefig(out, dpi=120)
    plt.close(figure)
