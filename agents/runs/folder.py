"""What lies where in the folder of a run."""

import contextlib
import errno
import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from agents.config import Config, ConfigError, flatten, to_dict
from agents.runs import checkpoint
from agents.runs.documents import read_config
from agents.runs.files import write_json
from agents.runs.metrics import Metrics

try:
    import fcntl
except ImportError:  # not there on Windows
    fcntl = None  # type: ignore[assignment]

PACKAGES = ("pixel-dqn", "torch", "gymnasium", "numpy", "opencv-python-headless", "pygame")


# Settings that a run may be gone on with after a change.
FREE = ("steps", "reward_threshold", "device", "checkpoint_seconds")
# Settings that change how a run is made, not what comes of it.
NO_RESULT = ("device", "checkpoint_seconds", "log_every", "threads", "env.backend", "env.threads")
RESULTS = ("eval_mean", "final_mean", "steps_to_solve", "env_steps", "train_seconds")
"""What of a summary stands beside the settings in TensorBoard's table of runs."""


def other_settings(folder: Path, config: Config) -> list[str]:
    """Returns the options that keep the run in this folder from being gone on with."""
    old, new = flatten(to_dict(read_config(folder))), flatten(to_dict(config))
    names = sorted(name for name in old if old[name] != new[name] and name not in FREE)
    return [f"--{name}".replace("_", "-") for name in names]


def read_best(folder: Path) -> dict[str, Any]:
    """Returns the kept agent: its parameters under `agent`, where it came from under `note`."""
    return checkpoint.load(folder / "checkpoint" / "best.pt")


def git_commit() -> str | None:
    """Returns the commit of the source tree, with a mark where it was changed."""
    commit = _git("describe", "--always", "--abbrev=12")
    # Not by `describe --dirty`, which writes to the index, and where it cannot leaves a lock behind.
    changed = _git("--no-optional-locks", "status", "--porcelain", "--untracked-files=no")
    return f"{commit}-dirty" if commit and changed else commit


def _git(*words: str) -> str | None:
    """Returns what git says of the source tree; None where it says nothing."""
    root = Path(__file__).resolve().parents[2]
    try:
        command = ["git", "-C", str(root), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


class RunFolder:
    """The files of one run: configuration, metrics, TensorBoard events, checkpoints, summary.

    Args:
        path: Where; made when the first thing is written.
        config: The run's configuration.
        resume: Go on with the run that lies there, if one does.
        on_open: Called just before the first thing is written.

    Raises:
        ConfigError: the folder holds another run, or something else, or `resume` was not asked.
    """

    def __init__(
        self,
        path: Path,
        config: Config,
        *,
        resume: bool,
        on_open: Callable[[], None] = lambda: None,
    ) -> None:
        self.path, self.config, self._on_open = path, config, on_open
        self.saved: dict[str, Any] | None = None
        self.other_budget = False
        """Whether the run that lies there had another number of steps to spend."""
        if (path / "config.json").exists():
            self._check_same(resume)
            last = path / "checkpoint" / "last.pt"
            self.saved = checkpoint.load(last) if last.exists() else None
        elif path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ConfigError(f"{path} exists and holds no run; choose another --run-dir.")
        place = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        if not (place.is_dir() and os.access(place, os.W_OK)):
            raise ConfigError(f"{path}: {place} is no folder to write to; choose another --run-dir.")
        self._metrics: Metrics | None = None
        self._lock: IO[bytes] | None = None

    def _check_same(self, resume: bool) -> None:
        if not resume:
            raise ConfigError(
                f"{self.path} already holds a run; add --resume to go on with it, or choose "
                "another --run-dir or --seed."
            )
        self.other_budget = read_config(self.path).steps != self.config.steps
        differing = other_settings(self.path, self.config)
        if differing:
            raise ConfigError(
                f"{self.path} holds a run with other settings ({', '.join(differing)}); leave "
                "them out to go on with it, or choose another --run-dir."
            )

    def open(self, **facts: Any) -> None:
        """Makes the folder and opens its logs, where a resumed run stopped.

        Args:
            facts: More that belongs into `config.json`.

        Raises:
            OSError: it cannot be written; a folder that was made for it is gone again.
        """
        self._on_open()
        fresh = not (self.path / "config.json").exists()
        try:
            self._write_first(facts)
        except OSError:
            with contextlib.suppress(OSError):
                self.close()
            if fresh:  # what lies there is no run, and the same command must work once there is room
                shutil.rmtree(self.path, ignore_errors=True)
            raise

    def _write_first(self, facts: dict[str, Any]) -> None:
        (self.path / "checkpoint").mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.path / "lock")
        (self.path / "summary.json").unlink(missing_ok=True)  # the run is at work again
        stamp = {"config": to_dict(self.config), "versions": _versions(), "commit": git_commit(), **facts}
        write_json(self.path / "config.json", stamp)
        at = self.saved["output"] if self.saved else None
        self._metrics = Metrics(self.path, (at["env_steps"], at["bytes"]) if at else None)
        if at is None:
            settings = {k: v for k, v in flatten(to_dict(self.config)).items() if k not in NO_RESULT}
            self._metrics.settings(settings, [f"final/{name}" for name in RESULTS])

    @property
    def metrics(self) -> Metrics:
        """The logs, once `open` was called."""
        assert self._metrics is not None
        return self._metrics

    def log(self, env_steps: int, values: dict[str, float]) -> None:
        """Writes scalars."""
        self.metrics.write(env_steps, values)

    def image(self, env_steps: int, tag: str, image: NDArray[np.uint8]) -> None:
        """Writes a gray image `[H, W]`."""
        self.metrics.image(env_steps, tag, image)

    def histogram(self, env_steps: int, tag: str, values: NDArray[Any]) -> None:
        """Writes how numbers `[N]` are distributed."""
        self.metrics.histogram(env_steps, tag, values)

    def video(self, env_steps: int, tag: str, images: NDArray[np.uint8]) -> None:
        """Writes gray images `[T, H, W]` as a video."""
        self.metrics.video(env_steps, tag, images)

    def text(self, env_steps: int, tag: str, sentence: str) -> None:
        """Writes a sentence."""
        self.metrics.text(env_steps, tag, sentence)

    def keep_best(self, agent: dict[str, Any], note: dict[str, Any]) -> None:
        """Keeps an agent as the run's best so far."""
        checkpoint.save(self.path / "checkpoint" / "best.pt", {"agent": agent, "note": note})

    def save(self, state: dict[str, Any], env_steps: int) -> None:
        """Saves all that the run needs to go on."""
        output = {"env_steps": env_steps, "bytes": self.metrics.bytes_written()}
        path = self.path / "checkpoint" / "last.pt"
        checkpoint.save(path, {"trainer": state, "output": output})

    def summarize(self, values: dict[str, Any]) -> None:
        """Writes `summary.json`, and its results into the logs."""
        results = {f"final/{name}": values[name] for name in RESULTS if values[name] is not None}
        self.log(values["env_steps"], results)
        write_json(self.path / "summary.json", values)

    def close(self) -> None:
        """Closes the logs, and lets others train here."""
        with contextlib.ExitStack() as stack:
            if self._lock is not None:
                stack.callback(self._lock.close)
            if self._metrics is not None:
                stack.callback(self._metrics.close)


def _locked(path: Path) -> IO[bytes]:
    """Returns an open file that no other process can lock meanwhile: two would spoil each other's run.

    The operating system lets go of it when the process ends, however it ends. Where the file system knows
    no locks, as some of networks, nobody is kept out.
    """
    file = path.open("ab")
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                file.close()
                raise ConfigError(
                    f"Another process is training in {path.parent}; wait for it, or choose another "
                    "--run-dir."
                ) from None
    return file
