"""Sinks of a run's metrics; `RunFolder.open` opens them."""

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class Sink:
    """Destination of a run's metrics; inherit from it to ignore some of them."""

    def scalars(self, env_steps: int, values: Mapping[str, float]) -> None:
        """Take scalars by tag, visible to readers at once."""

    def image(self, env_steps: int, tag: str, image: NDArray[np.uint8]) -> None:
        """Take a grey image `[H, W]`."""

    def video(self, env_steps: int, tag: str, images: NDArray[np.uint8]) -> None:
        """Take a grey video `[T, H, W]`."""

    def histogram(self, env_steps: int, tag: str, values: NDArray[np.generic]) -> None:
        """Take the distribution of values `[N]`."""

    def text(self, env_steps: int, tag: str, sentence: str) -> None:
        """Take a sentence."""

    def settings(self, values: Mapping[str, object], results: Iterable[str]) -> None:
        """Take a new run's settings by name, and the tags of its results."""

    def flush(self) -> None:
        """Hand everything to the operating system.

        Raises:
            OSError: it cannot be written, for example on a full disk.
        """

    def close(self) -> None:
        """Write what is left."""


class Sinks(Sink):
    """Several sinks as one."""

    def __init__(self) -> None:
        self.all: list[Sink] = []

    def scalars(self, env_steps: int, values: Mapping[str, float]) -> None:
        """Hand on scalars."""
        for sink in self.all:
            sink.scalars(env_steps, values)

    def image(self, env_steps: int, tag: str, image: NDArray[np.uint8]) -> None:
        """Hand on an image."""
        for sink in self.all:
            sink.image(env_steps, tag, image)

    def video(self, env_steps: int, tag: str, images: NDArray[np.uint8]) -> None:
        """Hand on a video."""
        for sink in self.all:
            sink.video(env_steps, tag, images)

    def histogram(self, env_steps: int, tag: str, values: NDArray[np.generic]) -> None:
        """Hand on a distribution."""
        for sink in self.all:
            sink.histogram(env_steps, tag, values)

    def text(self, env_steps: int, tag: str, sentence: str) -> None:
        """Hand on a sentence."""
        for sink in self.all:
            sink.text(env_steps, tag, sentence)

    def settings(self, values: Mapping[str, object], results: Iterable[str]) -> None:
        """Hand on settings."""
        tags = list(results)
        for sink in self.all:
            sink.settings(values, tags)

    def flush(self) -> None:
        """Flush all."""
        for sink in self.all:
            sink.flush()

    def close(self) -> None:
        """Close all, even if one of them fails."""
        with contextlib.ExitStack() as stack:
            for sink in self.all:
                stack.callback(sink.close)


class JsonLines(Sink):
    """Scalars in `metrics.jsonl`, one line per entry.

    Args:
        path: The file.
        size: Bytes to keep of an existing file; a killed run may have written more.
    """

    def __init__(self, path: Path, size: int = 0) -> None:
        self._file = path.open("ab")
        self._file.truncate(size)
        self._file.seek(0, os.SEEK_END)  # truncating does not move the position

    def scalars(self, env_steps: int, values: Mapping[str, float]) -> None:
        """Write a line."""
        self._file.write((json.dumps({"env_steps": env_steps, **values}) + "\n").encode())
        self._file.flush()

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._file.tell()

    def flush(self) -> None:
        """Hand everything to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Write what is left."""
        self._file.close()
