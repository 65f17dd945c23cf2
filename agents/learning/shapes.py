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
    sides: dict[str, int] = {}
    for names, tensor in zip(_parse(shapes), tensors, strict=True):
        shape = tensor.shape
        if len(shape) != len(names) or any(
            name != "*" and sides.setdefault(name, side) != side
            for name, side in zip(names, shape, strict=True)
        ):
            got = ", ".join(str(list(each.shape)) for each in tensors)
            raise ValueError(f"Expected shapes {shapes}; got {got}.")


@lru_cache
def _parse(shapes: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(shape.split()) for shape in shapes.split(","))
