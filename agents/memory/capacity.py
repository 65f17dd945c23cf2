"""Capacity of a replay memory that fits in the RAM."""

import numpy as np
import psutil
from numpy.typing import DTypeLike


def row_bytes(frame_shape: tuple[int, ...], dtype: DTypeLike, *, prioritized: bool) -> int:
    """Return the bytes per row: frame, step, place in the sampler and, if prioritised, its priority."""
    frame = int(np.prod(frame_shape)) * np.dtype(dtype).itemsize
    return frame + 8 + 4 + 1 + 1 + 1 + (32 if prioritized else 16)


def choose_capacity(row: int, part: float) -> tuple[int, str]:
    """Return a capacity that fits in the free RAM, and a sentence about it.

    A row takes `row` bytes; this memory may take a share of `part`, 0 to 1.
    """
    free = psutil.virtual_memory().available
    # The networks and the environments need some of what is free, too.
    capacity = min(1_000_000, int(free * 0.8 * part) // row)
    capacity = max(capacity // 10_000 * 10_000, min(capacity, 10_000))  # mostly the same from day to day
    return capacity, (
        f"Replay memory of {capacity:,} frames: {capacity * row / 1e9:.1f} GB of {free / 1e9:.1f} GB free "
        "RAM (--memory.capacity to change it)"
    )


def check_capacity(capacity: int, row: int) -> None:
    """Raise a `ValueError` if `capacity` rows of `row` bytes do not fit in the free RAM."""
    free = psutil.virtual_memory().available
    if capacity * row > free:
        raise ValueError(
            f"--memory.capacity {capacity} needs {capacity * row:,} bytes and {free:,} are free; "
            f"the largest that fits is {free // row}."
        )
