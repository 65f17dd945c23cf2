"""Shape checks at the entrance of the mathematics."""

from functools import lru_cache
from typing import Protocol


class Shaped(Protocol):
    """A tensor or an array."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its sides."""


def expect(shapes: str, *tensors: Shaped) -> None:
    """Check shapes: a name stands for one side everywhere, `*` for any.

    Args:
        shapes: One per tensor, separated by commas.
        tensors: As many.

    Raises:
        ValueError: a shape differs; broadcasting would have hidden it.

    Example:
        >>> import numpy as np
        >>> expect("B K, B", np.zeros((5, 3)), np.zeros(5))
        >>> expect("B, B", np.zeros(5), np.zeros((5, 1)))
        Traceback (most recent call last):
        ValueError: Expected shapes B, B; got [5], [5, 1].
    """
    actual = [tensor.shape for tensor in tensors]
    if not _match(shapes, *actual):
        raise ValueError(f"Expected shapes {shapes}; got {', '.join(str(list(each)) for each in actual)}.")


@lru_cache(1024)  # a run has few shapes, and each update asks several times
def _match(shapes: str, *actual: tuple[int, ...]) -> bool:
    sides: dict[str, int] = {}
    expected = [names.split() for names in shapes.split(",")]
    if len(expected) != len(actual) or any(map(lambda e, a: len(e) != len(a), expected, actual)):
        return False
    pairs = [pair for each in zip(expected, actual, strict=True) for pair in zip(*each, strict=True)]
    return all(name == "*" or sides.setdefault(name, side) == side for name, side in pairs)
