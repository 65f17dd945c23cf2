"""Atomic checkpoints that load without executing pickled code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch

from agents.config import ConfigError
from agents.runs.files import replacing
from agents.runs.paths import RunPaths
from agents.runs.summary import ScoreSummary

State: TypeAlias = dict[str, Any]
"""Nested dictionaries and lists of tensors, arrays, numbers, strings and None."""


class RunCheckpoint(NamedTuple):
    """The complete state of a run."""

    trainer: State
    env_steps: int
    metrics_bytes: int  # size of `metrics.jsonl` at this point


class BestCheckpoint(NamedTuple):
    """The best agent of a run so far."""

    agent: Mapping[str, torch.Tensor]  # `state_dict` of its network
    env_steps: int
    score: ScoreSummary  # of the evaluation that chose it
    confirmed: bool = False  # whether that was the confirmation of a reward threshold

    def save(self, path: Path) -> None:
        """Save atomically; see `save`."""
        note = {"env_steps": self.env_steps, "score": dict(self.score), "confirmed": self.confirmed}
        save(path, {"agent": dict(self.agent), "note": note})


def read_best(folder: Path) -> BestCheckpoint:
    """Return the best agent of the run in this folder.

    Raises:
        ConfigError: there is none, or the file is damaged.
    """
    path = RunPaths(folder).best
    state = load(path)
    try:
        return BestCheckpoint(state["agent"], **state["note"])
    except (KeyError, TypeError) as error:
        raise ConfigError(f"{path} holds no agent ({error!r}); restore the file.") from error


def save(path: Path, state: State) -> None:
    """Save atomically: `path` holds the old or the new state, whole, at any time.

    Raises:
        OSError: it cannot be written, for example on a full disk.
    """
    with replacing(path) as partial, partial.open("wb") as file:
        try:
            torch.save(_without_numpy(state), file)
        except RuntimeError as error:  # of torch's writer, which hides the file's own error
            if isinstance(error.__context__, OSError):
                raise OSError(*error.__context__.args, str(path)) from error
            raise


def load(path: Path) -> State:
    """Read a file of `save`; arrays come back as tensors.

    Raises:
        ConfigError: there is no such file, or it is not a checkpoint.
    """
    if not path.is_file():
        raise ConfigError(f"{path} does not exist; name the folder of a run that has saved.")
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)  # type: ignore[no-any-return]
    except Exception as error:
        raise ConfigError(
            f"{path} is not a checkpoint of this project ({type(error).__name__}); restore the "
            "file or start a new run."
        ) from error


def _without_numpy(value: object) -> object:
    """Convert arrays to tensors and numpy numbers to Python's, for `weights_only` loading."""
    if isinstance(value, dict):
        return {key: _without_numpy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_numpy(item) for item in value]
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.ascontiguousarray(value))
    return value.item() if isinstance(value, np.generic) else value
