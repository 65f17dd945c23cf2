"""Sum tree of prioritised sampling."""

import numpy as np

from agents.memory.sampling import Array

FAN = 128  # children of a node: few levels, each one numpy call for a whole batch


class SumTree:
    """Non-negative values `[size]`, any number of them, drawn in proportion to their size.

    Every level holds the sums of `FAN` neighbours of the level below. They are always computed from their
    children, never updated by differences, so that rounding errors do not accumulate.

    Example:
        >>> tree = SumTree(3)
        >>> tree.set(np.array([0, 2]), np.array([1.0, 3.0]))
        >>> tree.find(np.array([0.5, 1.5, 3.9])).tolist(), tree.total
        ([0, 2, 2], 4.0)
    """

    def __init__(self, size: int) -> None:
        self._levels: list[Array] = []
        while not self._levels or size > 1:
            size = -(-size // FAN)
            self._levels.append(np.zeros((size, FAN)))
        self._flat = [level.reshape(-1) for level in self._levels]

    @property
    def total(self) -> float:
        """Sum of all values."""
        return float(self._levels[-1].sum())

    def get(self, places: Array) -> Array:
        """Return the values at `places` `[R]`."""
        return self._flat[0][places]

    def set(self, places: Array, values: Array | float) -> None:
        """Set the values at `places` `[R]`; of duplicates the last one counts.

        Raises:
            FloatingPointError: a value is negative or not finite; it would spoil all sums.
        """
        if not (np.all(np.greater_equal(values, 0.0)) and np.all(np.isfinite(values))):
            raise FloatingPointError("A sum tree holds finite numbers, 0 or more; priorities diverged.")
        self._flat[0][places] = values
        for level, above in zip(self._levels[:-1], self._flat[1:], strict=True):
            places = places // FAN
            above[places] = level[places].sum(axis=1)

    def find(self, targets: Array) -> Array:
        """Return the places `[B]` at which the cumulative sum passes `targets` `[B]`, in [0, total).

        Places of value 0 are never returned, whatever the rounding; one must be positive.
        """
        node = np.zeros(len(targets), np.int64)
        rest = np.array(targets, np.float64)
        row = np.arange(len(targets))
        for level in reversed(self._levels):
            parts = level[node]  # [B, FAN]
            sums = np.cumsum(parts, axis=1)
            child = (sums <= rest[:, None]).sum(axis=1)
            last = FAN - 1 - (parts[:, ::-1] > 0).argmax(axis=1)
            child = np.minimum(child, last)
            rest = np.maximum(rest - (sums[row, child] - parts[row, child]), 0.0)
            node = node * FAN + child
        return node

    def check_valid(self) -> None:
        """Assert that values are finite and non-negative, and sums those of their children."""
        assert np.isfinite(self._flat[0]).all() and (self._flat[0] >= 0).all(), "a value is out of range"
        for level, above in zip(self._levels[:-1], self._flat[1:], strict=True):
            sums = level.sum(axis=1)
            assert np.array_equal(above[: len(sums)], sums), "a sum is not that of its children"
