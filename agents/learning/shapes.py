"""Shape checks at the entrance of the mathematics."""

from functools import lru_cache
from itertools import chain

import numpy as np
from torch import Tensor


def expect(shapes: str, *tensors: Tensor | np.ndarray) -> None:
    """Check shapes, separated by commas: a name is one side everywhere, `*` any.

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
    if [len(names) for names in expected] != [len(shape) for shape in actual]:
        return False
    pairs = zip(chain(*expected), chain(*actual), strict=True)
    return all(name == "*" or sides.setdefault(name, side) == side for name, side in pairs)
