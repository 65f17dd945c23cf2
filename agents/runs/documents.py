"""A run's configuration and summary as they lie on the disk; whoever reads them reads them here."""

from pathlib import Path
from typing import Any

from agents.config import Config, ConfigError, from_dict
from agents.config.aliases import updated
from agents.config.kinds import fits
from agents.runs.files import damaged, read_json

SUMMARY = {
    "env_steps": int,
    "updates": int,
    "episodes": int,
    "eval_mean": float,
    "final_mean": float,
    "train_seconds": float,
    "reward_threshold": float | None,
    "solved": bool | None,
    "reached_threshold": float | None,
    "steps_to_solve": int | None,
    "seconds_to_solve": float | None,
}
"""Kinds of the numbers of a summary; older versions lack some of them."""
NEEDED = ("env_steps", "eval_mean", "final_mean", "solved", "steps_to_solve")


def read_stamp(folder: Path) -> tuple[Config, dict[str, Any]]:
    """Returns the configuration of the run in this folder, and all that `config.json` holds.

    Raises:
        ConfigError: no run lies there, or the file is damaged.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise ConfigError(f"{folder} holds no run (no config.json); name a folder made by train.py.")
    stamp = read_json(path)
    if not isinstance(stamp.get("config"), dict):
        raise damaged(path, "no config in it")
    try:
        return from_dict(stamp["config"]), stamp
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def read_config(folder: Path) -> Config:
    """Returns the configuration of the run in this folder.

    Raises:
        ConfigError: as `read_stamp`.
    """
    return read_stamp(folder)[0]


def read_summary(folder: Path) -> dict[str, Any] | None:
    """Returns `summary.json` of a run, or None while it has not finished.

    Raises:
        ConfigError: the file is damaged.
    """
    path = folder / "summary.json"
    if not path.is_file():
        return None
    summary = updated(read_json(path))
    missing = [name for name in NEEDED if name not in summary]
    odd = [name for name, kind in SUMMARY.items() if name in summary and not fits(kind, summary[name])]
    if missing or odd:
        raise damaged(path, f"{', '.join(missing + odd)} cannot be read")
    return summary
