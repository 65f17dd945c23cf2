"""Which rows are drawn."""

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Draw(NamedTuple):
    """Rows for a batch."""

    rows: Array  # [B] int64
    weights: Array  # [B] float32  importance weights
    indices: Array  # [B] int64  for `update_priorities`


class Sampler(Protocol):
    """A set of rows that can be drawn from."""

    block: int  # updates that may be drawn for at once

    def __len__(self) -> int: ...

    def add(self, rows: Array) -> None:
        """Adds rows `[R]` that are not in the set."""

    def remove(self, rows: Array) -> None:
        """Removes those of the rows `[R]` that are in the set."""

    def sample(self, size: int, beta: float) -> Draw:
        """Draws `size` rows, with replacement; `beta` is how far weights make up for unequal chances."""

    def update_priorities(self, indices: Array, errors: Array) -> None:
        """Takes note of how far drawn rows were off, `[B], [B]`."""

    def state_dict(self) -> dict[str, Any]:
        """Returns the set."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""


class UniformSampler:
    """A set of rows with uniform draws, with replacement; adding and removing take constant time.

    Args:
        num_rows: Rows are numbers from 0 to `num_rows - 1`.
        generator: Draws the rows.
    """

    block = 50  # what is called less often costs less

    def __init__(self, num_rows: int, generator: np.random.Generator) -> None:
        self._rows = np.zeros(num_rows, np.int64)  # the members, in no order, first
        self._place = np.full(num_rows, -1, np.int64)  # where each row stands among them, or -1
        self._count = 0
        self._generator = generator

    def __len__(self) -> int:
        return self._count

    def add(self, rows: Array) -> None:
        """Adds rows `[R]` that are not in the set."""
        places = np.arange(self._count, self._count + len(rows))
        self._rows[places] = rows
        self._place[rows] = places
        self._count += len(rows)

    def remove(self, rows: Array) -> None:
        """Removes those of the rows `[R]` that are in the set."""
        for row in rows:
            place = self._place[row]
            if place < 0:
                continue
            self._count -= 1
            mover = self._rows[self._count]
            self._rows[place] = mover
            self._place[mover] = place
            self._place[row] = -1

    def sample(self, size: int, _beta: float) -> Draw:
        """Draws `[size]` rows, each with the same probability."""
        rows = self._rows[self._generator.integers(self._count, size=size)]
        return Draw(rows, np.ones(size, np.float32), rows)

    def update_priorities(self, _tickets: Array, _errors: Array) -> None:
        """Does nothing: all rows stay equal."""

    def state_dict(self) -> dict[str, Any]:
        """Returns the members in their order, which decides what later draws mean."""
        return {"rows": self._rows[: self._count].copy()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        self._count = 0
        self._place.fill(-1)
        self.add(np.asarray(state["rows"]))
