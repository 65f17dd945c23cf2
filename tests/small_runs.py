"""Small runs for tests: training, reading, comparing bit for bit."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import torch

from agents.acting.episodes import never
from agents.build import build_trainer
from agents.config import Config, with_fields
from agents.config.presets import preset_config
from agents.runs import checkpoint
from agents.runs.chunks import StoredArray
from agents.runs.folder import RunFolder
from agents.runs.paths import RunPaths
from agents.runs.reader import read_summary
from agents.runs.summary import Summary
from agents.training.launch import complete
from agents.training.trainer import Trainer

SMALL = {
    "env.num_envs": 2,
    "schedule.learning_starts": 100,
    "learning.batch_size": 8,
    "schedule.train_frequency": 4,
    "evaluation.episodes": 2,
    "evaluation.solved_episodes": 3,
    "evaluation.every": 200,
    "evaluation.probe_samples": 72,
    "evaluation.video_frames": 10,
    "log_every": 100,
    "memory.capacity": 300,
    "reward_threshold": "none",
    "threads": 1,  # tests run side by side
}
OPTIONS = [word for name, value in SMALL.items() for word in (f"--{name.replace('_', '-')}", str(value))]


UNTIMED = ("time/", "rate/", "final/train_seconds")
"""Tags of measured time."""
CLOCKS = ("train_seconds", "train_shares", "eval_seconds", "seconds_to_solve", "stopwatch")
"""State of measured time."""


def small(obs: str, preset: str = "fast", env: str = "CartPole-v1", **fields: Any) -> Config:
    """Return a preset's configuration for a run of a moment."""
    return with_fields(preset_config(preset, env, obs), SMALL | fields)


def train(config: Config, path: Path, *, resume: bool = False) -> Trainer:
    """Train a run to its end."""
    with closing(RunFolder(path, config, resume=resume)) as folder:
        trainer = build_trainer(config, folder)
        assert complete(trainer, folder, never)
    return trainer


def train_both(folder: Path, steps: int) -> Path:
    """Train a small run from each observation, in `state` and `pixels` of the folder, and return it."""
    for obs in ("state", "pixels"):
        train(small(obs, steps=steps), folder / obs)
    return folder


def summary_of(folder: Path) -> Summary:
    """Return the summary of a finished run."""
    summary = read_summary(folder)
    assert summary is not None
    return summary


def assert_same(left: Any, right: Any, where: str = "") -> None:
    """Compare nested state bit for bit, without measured time."""
    assert type(left) is type(right), where
    if isinstance(left, dict):
        assert left.keys() == right.keys(), where
        for key in left:
            if key not in CLOCKS and key != "metrics_bytes":
                assert_same(left[key], right[key], f"{where}/{key}")
    elif isinstance(left, list):
        assert len(left) == len(right), where
        for i, pair in enumerate(zip(left, right, strict=True)):
            assert_same(*pair, f"{where}/{i}")
    elif isinstance(left, StoredArray):
        assert np.array_equal(left, right, equal_nan=left.dtype.kind == "f"), where
    elif isinstance(left, torch.Tensor):
        assert torch.equal(left, right), where
    else:
        assert left == right or left != left, where


def metrics(path: Path) -> list[dict[str, float]]:
    """Return the entries of a run's metrics, without measured time."""
    entries = [json.loads(line) for line in RunPaths(path).metrics.read_text().splitlines()]
    return [{k: v for k, v in entry.items() if not k.startswith(UNTIMED)} for entry in entries]


def assert_same_run(left: Path, right: Path) -> None:
    """Compare the final states and the metrics of two runs bit for bit."""
    assert_same(*(checkpoint.load(RunPaths(path).last) for path in (left, right)))
    assert metrics(left) == metrics(right)
