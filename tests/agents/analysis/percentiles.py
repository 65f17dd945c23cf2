"""Percentile intervals of the bootstrap: the reference for the tests of intervals."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def percentile_interval(draws: Array, level: float = 0.95) -> tuple[Array, Array]:
    """Return the ends `[...]` that leave out (1 - level) / 2 of the draws `[repeats, ...]` on each side."""
    outside = 50 * (1 - level)
    low, high = np.percentile(draws, [outside, 100 - outside], axis=0)
    return low, high
