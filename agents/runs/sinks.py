"""Destinations of a run's metrics; `RunFolder._open` opens them."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray


class Image(NamedTuple):
    """A gray image."""

    pixels: NDArray[np.uint8]  # [H, W]


class Video(NamedTuple):
    """A gray video."""

    frames: NDArray[np.uint8]  # [T, H, W]


class Histogram(NamedTuple):
    """A distribution."""

    values: NDArray[np.generic]  # [N]


Value: TypeAlias = float | str | Image | Video | Histogram
"""A scalar, a sentence, or one of the classes above."""


class Sink(Protocol):
    """Destination of a run's metrics."""

    def log(self, env_steps: int, values: Mapping[str, Value]) -> None:
        """Write values by tag, visible to readers at once; unsuitable kinds are ignored.

        Raises:
            OSError: they cannot be written, for example on a full disk.
        """

    def close(self) -> None:
        """Write the rest."""


class JsonLines:
    """Scalars in `metrics.jsonl`, one line per entry.

    Args:
        path: The file.
        size: Bytes to keep of an existing file; a killed run may have written more.
    """

    def __init__(self, path: Path, size: int = 0) -> None:
        self._file = path.open("ab")
        self._file.truncate(size)
        self._file.seek(0, os.SEEK_END)  # truncating does not move the position

    def log(self, env_steps: int, values: Mapping[str, Value]) -> None:
        """Write the scalars as one line."""
        scalars = {tag: value for tag, value in values.items() if isinstance(value, int | float)}
        if scalars:
            self._file.write((json.dumps({"env_steps": env_steps, **scalars}) + "\n").encode())
            self._file.flush()

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._file.tell()

    def close(self) -> None:
        """Write the rest."""
        self._file.close()
