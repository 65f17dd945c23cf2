"""Checks of whole run folders: every checksum, and the metrics against TensorBoard's events."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

from agents.config import ConfigError
from agents.runs.chunks import DamagedError
from agents.runs.paths import RunPaths
from agents.runs.reader import read_config, read_curves, read_summary
from agents.runs.store import Store


def problems(folder: Path) -> Iterator[str]:
    """Yield what is wrong with a run, a sentence each; nothing if it is whole."""
    paths = RunPaths(folder)
    for read in (read_config, read_summary, _check_metrics):
        try:
            read(folder)
        except ConfigError as error:
            yield str(error)
    for place in (paths.last, paths.best):
        store = Store(place)
        generations = store.generations()
        if not generations:
            yield f"{place} holds nothing that was saved."
        for number in generations:
            try:
                store.verify(number)
            except DamagedError as error:
                yield str(error)


def _check_metrics(folder: Path) -> None:
    """Compare `metrics.jsonl` with the scalars of the event files.

    Raises:
        ConfigError: they differ, or a tag has a step twice or out of order.
    """
    curves = read_curves(folder, ("",))
    # Final results are no curves: those of an end that was not the last stay in the event files.
    curves = {tag: curve for tag, curve in curves.items() if not tag.startswith(("env_steps", "final/"))}
    events = EventAccumulator(str(folder), {SCALARS: 0}).Reload()
    for tag, curve in curves.items():
        if (np.diff(curve.steps) < 0).any():
            raise ConfigError(f"{RunPaths(folder).metrics}: the steps of {tag} go back.")
        scalars = events.Scalars(tag) if tag in events.Tags()[SCALARS] else []
        logged = [(event.step, np.float32(event.value)) for event in scalars]
        expected = list(zip(curve.steps.tolist(), curve.values.astype(np.float32), strict=True))
        if not _same(logged, expected):
            raise ConfigError(
                f"{folder}: {tag} has {len(expected)} values in metrics.jsonl and {len(logged)} in the "
                "event files, or others."
            )


def _same(left: list[tuple[int, np.float32]], right: list[tuple[int, np.float32]]) -> bool:
    if [step for step, _ in left] != [step for step, _ in right]:
        return False
    return np.array_equal([value for _, value in left], [value for _, value in right], equal_nan=True)
