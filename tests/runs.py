"""Synthetic run folders in the format of the trainer."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from agents.analysis.comparison import Comparison, compare
from agents.config import to_dict, with_fields
from agents.config.presets import preset_config
from agents.runs.reader import find_runs, read_run


def write_run(
    folder: Path,
    *,
    obs: str = "state",
    preset: str = "dqn",
    env: str = "CartPole-v1",
    seed: int = 1,
    scores: list[float] | np.ndarray | None = None,
    every: int = 1_000,
    seconds: float = 1.0,
    reward_threshold: float | None = 475.0,
    finished: bool = True,
    tags: dict[str, list[float]] | None = None,
    **fields: Any,
) -> Path:
    """Write a run folder.

    Args:
        folder: Created.
        obs: Observation.
        preset: Its name.
        env: Gymnasium id.
        seed: Of the run.
        scores: Of each evaluation; the first that reaches the reward threshold is confirmed and ends the run.
        every: Agent steps between evaluations.
        seconds: Of training, for each evaluation.
        reward_threshold: Mean return that counts as solved; None: there is none.
        finished: Whether there is a summary.
        tags: More scalars of each evaluation.
        fields: More of the configuration, `__` in place of the dot.
    """
    changed = {name.replace("__", "."): value for name, value in fields.items()}
    config = with_fields(preset_config(preset, env, obs), {"seed": seed} | changed)
    folder.mkdir(parents=True)
    stamp = {"config": to_dict(config), "versions": {}, "commit": "abc"}
    (folder / "config.json").write_text(json.dumps(stamp))
    lines: list[dict[str, float]] = []
    solved = False
    values = [100.0, 480.0] if scores is None else list(map(float, scores))
    for i, score in enumerate(values, 1):
        at = {"env_steps": i * every}
        lines.append(at | {"epsilon": 0.02, "updates": 100.0 * i, "time/train_seconds": seconds * i})
        lines.append(at | {"return/eval": score} | {k: v[i - 1] for k, v in (tags or {}).items()})
        if reward_threshold is not None and score >= reward_threshold:
            lines.append(at | {"return/solved": score})
            solved = True
            break
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    if finished:
        end: dict[str, Any] = {
            "env_steps": lines[-1]["env_steps"],
            "eval_mean": max(values),
            "final_mean": values[i - 1],
        }
        end |= {
            "reward_threshold": reward_threshold,
            "solved": solved if reward_threshold is not None else None,
        }
        end |= {"steps_to_solve": lines[-1]["env_steps"] if solved else None}
        (folder / "summary.json").write_text(json.dumps(end))
    return folder


def climb(solved_at: int, seed: int = 0) -> np.ndarray:
    """Noisy scores that first reach 475 at evaluation `solved_at`."""
    noise = np.random.default_rng(seed).normal(0, 20, solved_at)
    scores = np.clip(np.linspace(10, 460, solved_at) + noise, 9, 470)
    scores[-1] = 490
    return scores


def compared(folder: Path, **options: Any) -> Comparison:
    """Compare all runs below a folder."""
    return compare([read_run(path) for path in find_runs([folder])], **options)
