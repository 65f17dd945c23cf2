"""Proportional prioritised sampling."""

from typing import Any

import numpy as np

from agents.memory.sampling import Array, Draw
from agents.memory.sum_tree import SumTree

LEAST = 1e-6  # added to every error, so that every row can be drawn again


class PrioritizedSampler:
    """A set of rows drawn in proportion to their errors, with importance weights.

    `P(i) = p_i^α / Σ p^α`, `p = |δ| + ε`; rows without an error yet have the greatest p so far; weights are
    `(N P(i))^−β`, divided by the greatest of the batch. Each row of a batch is drawn from an equal part of
    the sum (Schaul et al. 2016, arXiv:1511.05952, section 3.3, section 3.4, Alg. 1). Where the error is a
    divergence, which rounding can make negative, it counts as 0.

    A drawn row may be overwritten before its error is known. The index of a draw is therefore
    `row + num_rows × number of times the row was added`, and errors of outdated indices are ignored.

    Args:
        num_rows: Rows are numbers from 0 to `num_rows - 1`.
        generator: Draws the rows.
        priority_exponent: α; 0 is uniform.
    """

    prioritized = True

    def __init__(self, num_rows: int, generator: np.random.Generator, priority_exponent: float) -> None:
        self._num_rows, self._generator, self._exponent = num_rows, generator, priority_exponent
        self._tree = SumTree(num_rows)
        self._added = np.zeros(num_rows, np.int64)
        self._member = np.zeros(num_rows, np.bool_)
        self._greatest = 1.0
        self._count = 0

    @property
    def members(self) -> Array:
        """Rows of the set, `[N]`."""
        return np.flatnonzero(self._member)

    def __len__(self) -> int:
        return self._count

    def add(self, rows: Array) -> None:
        """Add rows `[R]` that are not in the set."""
        self._added[rows] += 1
        self._member[rows] = True
        self._tree.set(rows, self._greatest**self._exponent)
        self._count += len(rows)

    def remove(self, rows: Array) -> None:
        """Remove those of the rows `[R]` that are in the set."""
        members = np.unique(rows[self._member[rows]])
        if len(members):
            self._member[members] = False
            self._tree.set(members, 0.0)
            self._count -= len(members)

    def sample(self, size: int, importance_sampling_exponent: float) -> Draw:
        """Draw `size` rows; the exponent is β."""
        total = self._tree.total
        parts = (np.arange(size) + self._generator.random(size)) * (total / size)
        rows = self._tree.find(parts)
        weights = (self._count / total * self._tree.get(rows)) ** -importance_sampling_exponent
        indices = rows + self._num_rows * self._added[rows]
        return Draw(rows, (weights / weights.max()).astype(np.float32), indices)

    def update_priorities(self, indices: Array, errors: Array) -> None:
        """Set priorities from errors `[B]`; those of overwritten rows are ignored.

        Raises:
            FloatingPointError: an error is not finite.
        """
        rows = indices % self._num_rows
        current = (self._added[rows] == indices // self._num_rows) & self._member[rows]
        rows, priorities = rows[current], np.maximum(errors[current].astype(np.float64), 0.0) + LEAST
        if len(rows):
            self._tree.set(rows, priorities**self._exponent)
            self._greatest = max(self._greatest, float(priorities.max()))

    def state_dict(self) -> dict[str, Any]:
        """Return the members, their priorities, and the number of additions of each row."""
        members = self.members
        return {
            "members": members,
            "priorities": self._tree.get(members).copy(),
            "added": self._added.copy(),
            "greatest": self._greatest,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a `state_dict`."""
        self.remove(self.members)
        members = np.asarray(state["members"])
        self._tree.set(members, np.asarray(state["priorities"]))
        self._member[members] = True
        self._count = len(members)
        self._added[:] = np.asarray(state["added"])
        self._greatest = state["greatest"]

    def check_valid(self) -> None:
        """Assert that members, and they alone, have a priority."""
        self._tree.check_valid()
        rows = np.arange(self._num_rows)
        assert np.array_equal(self._tree.get(rows) > 0, self._member), "members and priorities differ"
        assert self._member.sum() == self._count, "the number of members is wrong"
