"""The state of a run and its best agent, as kept in the stores of its folder."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch

from agents.config import ConfigError
from agents.runs.chunks import State
from agents.runs.paths import RunPaths, manifests
from agents.runs.store import Store
from agents.runs.summary import ScoreSummary


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


def read_best(folder: Path) -> BestCheckpoint:
    """Return the best agent of the run in this folder.

    Raises:
        ConfigError: there is none, or it is damaged.
    """
    path = RunPaths(folder).best
    if not manifests(path):
        refuse_old(path)
        raise ConfigError(f"{path} does not exist; name the folder of a run that has saved.")
    try:
        return BestCheckpoint(**load(path))
    except TypeError as error:
        raise ConfigError(f"{path} holds no agent ({error!r}); restore the folder.") from error


def load(path: Path) -> State:
    """Return the newest whole state of a store; a damaged one is named on the error output.

    Raises:
        ConfigError: no state is whole.
    """
    return Store(path).load(lambda sentence: print(sentence, file=sys.stderr))


def refuse_old(path: Path) -> None:
    """Refuse a checkpoint of a version before there were stores.

    Raises:
        ConfigError: there is one.
    """
    if path.with_suffix(".pt").is_file():
        raise ConfigError(
            f"{path}.pt was saved by an older version, which this one does not read; use the commit named "
            f"in {path.parents[1] / 'config.json'}."
        )
