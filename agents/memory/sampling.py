"""Uniform sampling."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch.optim.optimizer import StateDict

Array = NDArray[Any]

UPDATES_AT_ONCE = 50  # batches in one draw, if no update changes the next: fewer calls cost less


class Draw(NamedTuple):
    """Rows of a batch."""

    rows: Array  # [B] int64
    weights: Array  # [B] float32  importance weights
    indices: Array  # [B] int64  for `update_priorities`


class UniformSampler:
    """A set of rows with uniform draws; adding and removing take constant time.

    Rows are numbers from 0 to `num_rows - 1`; the generator draws them.
    """

    def __init__(self, num_rows: int, generator: np.random.Generator) -> None:
        self._rows = np.zeros(num_rows, np.int64)  # the members, in no order, first
        self._place = np.full(num_rows, -1, np.int64)  # index of each row among them, or -1
        self._count = 0
        self._generator = generator

    @property
    def members(self) -> Array:
        """Rows of the set, `[N]`."""
        return self._rows[: self._count]

    def __len__(self) -> int:
        return self._count

    def add(self, rows: Array) -> None:
        """Add rows `[R]` that are not in the set."""
        places = np.arange(self._count, self._count + len(rows))
        self._rows[places] = rows
        self._place[rows] = places
        self._count += len(rows)

    def remove(self, rows: Array) -> None:
        """Remove those of the rows `[R]` that are in the set."""
        for row in rows.tolist():
            place = self._place[row]
            if place >= 0:
                self._count -= 1
                self._rows[place] = mover = self._rows[self._count]
                self._place[mover] = place
                self._place[row] = -1

    def sample(self, size: int, _importance_sampling_exponent: float) -> Draw:
        """Draw `size` rows with replacement; an exponent of 1 corrects unequal probabilities in full."""
        rows = self._rows[self._generator.integers(self._count, size=size)]
        return Draw(rows, np.ones(size, np.float32), rows)

    def state_dict(self) -> StateDict:
        """Return the members in their order, on which later draws depend."""
        return {"rows": self.members.copy()}

    def load_state_dict(self, state: StateDict) -> None:
        """Restore a `state_dict`."""
        self._count = 0
        self._place.fill(-1)
        UniformSampler.add(self, np.asarray(state["rows"]))

    def check_valid(self) -> None:
        """Assert that rows and places are each other's inverse."""
        assert np.array_equal(self._place[self.members], np.arange(self._count)), "a member is out of place"
        assert (self._place >= 0).sum() == self._count, "a row that is no member has a place"
