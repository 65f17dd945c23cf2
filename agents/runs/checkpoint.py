"""Saving and loading nested state, atomically and without running anybody's code."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from agents.runs.files import replacing
from envs.config import ConfigError


def save(path: Path, state: dict[str, Any]) -> None:
    """Writes `state` so that `path` holds either the old or the new one, whole, at any moment.

    Args:
        path: The file; its folder exists.
        state: Nested dictionaries and lists of tensors, arrays, numbers, texts and None.

    Raises:
        OSError: it cannot be written, as where the disk is full.
    """
    with replacing(path) as partial, partial.open("wb") as file:
        try:
            torch.save(_without_numpy(state), file)
        except RuntimeError as error:  # of torch's writer, which trips over what the file said
            if isinstance(error.__context__, OSError):
                raise OSError(*error.__context__.args, str(path)) from error
            raise


def load(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Reads what `save` wrote; arrays come back as tensors.

    Raises:
        ConfigError: there is no such file, or it is not a checkpoint.
    """
    if not path.is_file():
        raise ConfigError(f"{path} does not exist; name the folder of a run that has saved.")
    try:
        return torch.load(path, map_location=device, weights_only=True, mmap=True)  # type: ignore[no-any-return]
    except Exception as error:
        raise ConfigError(
            f"{path} is not a checkpoint of this project ({type(error).__name__}); restore the "
            "file or start a new run."
        ) from error


def _without_numpy(value: Any) -> Any:
    """Arrays become tensors and numpy numbers Python's, which `weights_only` loading accepts."""
    if isinstance(value, dict):
        return {key: _without_numpy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_numpy(item) for item in value]
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.ascontiguousarray(value))
    return value.item() if isinstance(value, np.generic) else value
