"""Proportional prioritised sampling."""

import numpy as np
from torch.optim.optimizer import StateDict

from agents.memory.sampling import Array, Draw, UniformSampler
from agents.memory.sum_tree import SumTree

LEAST = 1e-6  # added to every error, so that every row can be drawn again


class PrioritizedSampler(UniformSampler):
    """A set of rows drawn in proportion to their errors, with importance weights.

    `P(i) = p_i^α / Σ p^α`, `p = |δ| + ε`; rows without an error yet have the greatest p so far; weights are
    `(N P(i))^−β`, divided by the greatest of the batch. Each row of a batch is drawn from an equal part of
    the sum (Schaul et al. 2016, arXiv:1511.05952, section 3.3, section 3.4, Alg. 1). Where the error is a
    divergence, which rounding can make negative, it counts as 0.

    A drawn row may be overwritten before its error is known. The index of a draw is therefore
    `row + num_rows × number of times the row was added`, and errors of outdated indices are ignored.

    The first two arguments are those of `UniformSampler`; `priority_exponent` is α, and 0 is uniform.
    """

    def __init__(self, num_rows: int, generator: np.random.Generator, priority_exponent: float) -> None:
        super().__init__(num_rows, generator)
        self._num_rows, self._exponent = num_rows, priority_exponent
        self._tree = SumTree(num_rows)
        self._added = np.zeros(num_rows, np.int64)
        self._greatest = 1.0

    def add(self, rows: Array) -> None:
        """Add rows `[R]` that are not in the set."""
        super().add(rows)
        self._added[rows] += 1
        self._tree.set(rows, self._greatest**self._exponent)

    def remove(self, rows: Array) -> None:
        """Remove those of the rows `[R]` that are in the set."""
        members = rows[self._place[rows] >= 0]
        if len(members):
            super().remove(members)
            self._tree.set(members, 0.0)

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
        current = (self._added[rows] == indices // self._num_rows) & (self._place[rows] >= 0)
        rows, priorities = rows[current], np.maximum(errors[current].astype(np.float64), 0.0) + LEAST
        if len(rows):
            self._tree.set(rows, priorities**self._exponent)
            self._greatest = max(self._greatest, float(priorities.max()))

    def state_dict(self) -> StateDict:
        """Return the members, their priorities, and the number of additions of each row."""
        priorities = {"priorities": self._tree.get(self.members), "greatest": self._greatest}
        return super().state_dict() | priorities | {"added": self._added.copy()}

    def load_state_dict(self, state: StateDict) -> None:
        """Restore a `state_dict`."""
        self._tree.set(self.members, 0.0)
        super().load_state_dict(state)
        self._tree.set(self.members, np.asarray(state["priorities"]))
        self._added[:] = np.asarray(state["added"])
        self._greatest = state["greatest"]

    def check_valid(self) -> None:
        """Assert that members, and they alone, have a priority."""
        super().check_valid()
        self._tree.check_valid()
        priorities = self._tree.get(np.arange(self._num_rows))
        assert np.array_equal(priorities > 0, self._place >= 0), "members and priorities differ"
