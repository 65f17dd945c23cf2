"""Numbers and images of a run, to TensorBoard and to `metrics.jsonl` alike."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from agents.runs.events import EventFile

# What is drawn on one chart of TensorBoard's *Custom scalars*, for all runs that are ticked.
LAYOUT = {
    "pixels and state": {
        "greedy score": ["Multiline", ["return/eval"]],
        "training score": ["Multiline", ["return/train$"]],
        "value of the actions taken": ["Multiline", ["q/mean"]],
        "temporal-difference loss": ["Multiline", ["loss/td"]],
        "seconds of training": ["Multiline", ["time/train_seconds"]],
    },
    "what the features know": {"R2 of the true state": ["Multiline", ["probe/r2_.*"]]},
}


class Metrics:
    """Writes scalars by agent step.

    Args:
        folder: The run's folder; it exists.
        resumed_at: Agent steps and bytes of `metrics.jsonl` that count; what was written after them,
            by a run that was killed, is dropped. None starts anew.
    """

    def __init__(self, folder: Path, resumed_at: tuple[int, int] | None = None) -> None:
        self._file = (folder / "metrics.jsonl").open("ab")
        self._file.truncate(resumed_at[1] if resumed_at else 0)
        self._file.seek(0, os.SEEK_END)  # truncating moves no position, and `bytes_written` tells it
        purge = resumed_at[0] + 1 if resumed_at else 0
        self._events = EventFile(folder, purge)
        if resumed_at is None:
            self._events.charts(LAYOUT)

    def write(self, env_steps: int, values: dict[str, float]) -> None:
        """Writes scalars under their tags; those who look on see them at once."""
        self._events.scalars(env_steps, values)
        line = {"env_steps": env_steps, **values}
        self._file.write((json.dumps(line) + "\n").encode())
        self.bytes_written()

    def image(self, env_steps: int, tag: str, image: NDArray[Any]) -> None:
        """Writes a gray image `[H, W] uint8`."""
        self._events.image(env_steps, tag, image)

    def histogram(self, env_steps: int, tag: str, values: NDArray[Any]) -> None:
        """Writes how numbers `[N]` are distributed."""
        self._events.histogram(env_steps, tag, values)

    def video(self, env_steps: int, tag: str, images: NDArray[Any]) -> None:
        """Writes gray images `[T, H, W] uint8` as an animated image."""
        self._events.video(env_steps, tag, images)

    def settings(self, values: dict[str, Any], results: list[str]) -> None:
        """Writes settings by name for the *HParams* table, and the tags of the results beside them."""
        self._events.settings(values, results)

    def text(self, env_steps: int, tag: str, sentence: str) -> None:
        """Writes a sentence."""
        self._events.text(env_steps, tag, sentence)

    def bytes_written(self) -> int:
        """Hands everything to the operating system; returns the size of `metrics.jsonl`.

        Raises:
            OSError: it takes no more, as where the disk is full.
        """
        self._file.flush()
        self._events.flush()
        return self._file.tell()

    def close(self) -> None:
        """Writes what is left; both files are closed even where the disk is full."""
        with contextlib.closing(self._events), self._file:
            pass
