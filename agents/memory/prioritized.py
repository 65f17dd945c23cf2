"""Which rows are drawn, where some matter more."""

from typing import Any

import numpy as np

from agents.memory.sampling import Array, Draw
from agents.memory.sum_tree import SumTree

LEAST = 1e-6  # added to every error, so that no row is lost for good


class PrioritizedSampler:
    """A set of rows drawn in proportion to their last error, with weights that make up for it.

    `P(i) = p_i^α / Σ p^α`, `p = |δ| + ε`; rows not learned from yet have the greatest p so far; weights are
    `(N P(i))^−β`, divided by the greatest of the batch. Of a batch each row is drawn from an equal part of
    the sum (Schaul et al. 2016, arXiv:1511.05952, section 3.3, section 3.4, Alg. 1). Where the error is a
    divergence, which rounding can make negative, it counts as 0.

    A row that was drawn may be written anew before its error is known. Every draw therefore carries a
    ticket, `row + num_rows × how often the row was added`, and an error on an old ticket is dropped.

    Args:
        num_rows: Rows are numbers from 0 to `num_rows - 1`.
        generator: Draws the rows.
        alpha: α; 0 is uniform.
    """

    block = 1  # a batch depends on the errors of the one before

    def __init__(self, num_rows: int, generator: np.random.Generator, alpha: float) -> None:
        self._num_rows, self._generator, self._alpha = num_rows, generator, alpha
        self._tree = SumTree(num_rows)
        self._added = np.zeros(num_rows, np.int64)
        self._member = np.zeros(num_rows, np.bool_)
        self._greatest = 1.0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, rows: Array) -> None:
        """Adds rows `[R]` that are not in the set."""
        self._added[rows] += 1
        self._member[rows] = True
        self._tree.set(rows, self._greatest**self._alpha)
        self._count += len(rows)

    def remove(self, rows: Array) -> None:
        """Removes those of the rows `[R]` that are in the set."""
        members = np.unique(rows[self._member[rows]])
        if len(members):
            self._member[members] = False
            self._tree.set(members, 0.0)
            self._count -= len(members)

    def sample(self, size: int, beta: float) -> Draw:
        """Draws `size` rows."""
        total = self._tree.total
        parts = (np.arange(size) + self._generator.random(size)) * (total / size)
        rows = self._tree.find(parts)
        weights = (self._count / total * self._tree.get(rows)) ** -beta
        indices = rows + self._num_rows * self._added[rows]
        return Draw(rows, (weights / weights.max()).astype(np.float32), indices)

    def update_priorities(self, indices: Array, errors: Array) -> None:
        """Sets the errors `[B]` of draws; those of rows that are others by now are dropped.

        Raises:
            ValueError: an error is not finite.
        """
        rows = indices % self._num_rows
        fresh = (self._added[rows] == indices // self._num_rows) & self._member[rows]
        rows, priorities = rows[fresh], np.maximum(errors[fresh].astype(np.float64), 0.0) + LEAST
        if len(rows):
            self._tree.set(rows, priorities**self._alpha)
            self._greatest = max(self._greatest, float(priorities.max()))

    def state_dict(self) -> dict[str, Any]:
        """Returns the members, their priorities, and how often each row was added."""
        members = np.flatnonzero(self._member)
        return {
            "members": members,
            "priorities": self._tree.get(members).copy(),
            "added": self._added.copy(),
            "greatest": self._greatest,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        self.remove(np.flatnonzero(self._member))
        members = np.asarray(state["members"])
        self._tree.set(members, np.asarray(state["priorities"]))
        self._member[members] = True
        self._count = len(members)
        self._added[:] = np.asarray(state["added"])
        self._greatest = state["greatest"]
