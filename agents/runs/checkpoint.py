"""Atomic checkpoints that load without executing pickled code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
import torch

from agents.config import ConfigError
from agents.runs.files import replacing
from agents.runs.paths import RunPaths
from agents.runs.summary import ScoreSummary

State: TypeAlias = dict[str, Any]
"""Nested dictionaries and lists of tensors, arrays, numbers, strings and None."""


class BestCheckpoint(NamedTuple):
    """The best agent of a run so far."""

    agent: Mapping[str, torch.Tensor]
    """`state_dict` of its network."""

    env_steps: int
    """Agent steps of training."""

    score: ScoreSummary
    """Of the evaluation that chose it."""

    confirmed: bool = False
    """Whether that was the confirmation of a reward threshold."""


class RunCheckpoint(NamedTuple):
    """The complete state of a run."""

    trainer: State
    env_steps: int
    metrics_bytes: int
    """Size of `metrics.jsonl` at this point."""


def save_best(folder: Path, best: BestCheckpoint) -> None:
    """Save the best agent of the run in this folder.

    Raises:
        OSError: it cannot be written.
    """
    note = {"env_steps": best.env_steps, "score": dict(best.score), "confirmed": best.confirmed}
    save(RunPaths(folder).best, {"agent": dict(best.agent), "note": note})


def read_best(folder: Path) -> BestCheckpoint:
    """Return the best agent of the run in this folder.

    Raises:
        ConfigError: there is none, or the file is damaged.
    """
    path = RunPaths(folder).best
    state = load(path)
    try:
        note = state["note"]
        score = cast(ScoreSummary, dict(note["score"]))
        return BestCheckpoint(state["agent"], note["env_steps"], score, bool(note.get("confirmed")))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path} holds no agent ({error!r}); restore the file.") from error


def save_run(folder: Path, state: RunCheckpoint) -> None:
    """Save the state of the run in this folder.

    Raises:
        OSError: it cannot be written.
    """
    output = {"env_steps": state.env_steps, "bytes": state.metrics_bytes}
    save(RunPaths(folder).last, {"trainer": state.trainer, "output": output})


def read_run_checkpoint(folder: Path) -> RunCheckpoint | None:
    """Return the state of the run in this folder; None before the first checkpoint.

    Raises:
        ConfigError: the file is damaged.
    """
    path = RunPaths(folder).last
    if not path.exists():
        return None
    state = load(path)
    try:
        return RunCheckpoint(state["trainer"], state["output"]["env_steps"], state["output"]["bytes"])
    except (KeyError, TypeError) as error:
        raise ConfigError(f"{path} holds no run ({error!r}); restore the file.") from error


def save(path: Path, state: State) -> None:
    """Save atomically: `path` holds the old or the new state, whole, at any time.

    Args:
        path: The file; its folder exists.
        state: Nested state.

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


def load(path: Path, device: torch.device | str = "cpu") -> State:
    """Read a file of `save`; arrays come back as tensors.

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


def _without_numpy(value: object) -> object:
    """Convert arrays to tensors and numpy numbers to Python's, for `weights_only` loading."""
    if isinstance(value, dict):
        return {key: _without_numpy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_numpy(item) for item in value]
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.ascontiguousarray(value))
    return value.item() if isinstance(value, np.generic) else value
