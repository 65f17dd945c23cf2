"""Destinations of a run's metrics; `RunFolder._open` opens them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from numpy.typing import NDArray

Value: TypeAlias = float | str | NDArray[Any]
"""A scalar, a sentence, or an array: a distribution `[N]`, a gray image `[H, W]` or video `[T, H, W]`."""


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

    Of an existing file, the first `size` bytes are kept; a killed run may have written more.
    """

    def __init__(self, path: Path, size: int = 0) -> None:
        self._file = path.open("ab")
        self._file.truncate(size)

    def log(self, env_steps: int, values: Mapping[str, Value]) -> None:
        """Write the scalars as one line."""
        scalars = {tag: value for tag, value in values.items() if isinstance(value, int | float)}
        if scalars:
            self._file.write((json.dumps({"env_steps": env_steps, **scalars}) + "\n").encode())
            self._file.flush()

    def close(self) -> None:
        """Write the rest."""
        self._file.close()
