"""The folder of a run, as written; every write may raise `OSError`."""

import contextlib
import errno
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO

from agents.config import Config, ConfigError, flatten, to_dict
from agents.config.idle import NO_RESULT
from agents.runs import checkpoint
from agents.runs.checkpoint import BestCheckpoint, RunCheckpoint
from agents.runs.chunks import State
from agents.runs.files import write_json
from agents.runs.paths import RunPaths, manifests
from agents.runs.reader import differing_options, read_config
from agents.runs.sinks import JsonLines, Sink, Value
from agents.runs.store import Store
from agents.runs.summary import Summary
from agents.runs.tensorboard import TensorBoard

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

RESULTS = ("eval_mean", "final_mean", "steps_to_solve", "env_steps", "train_seconds")
"""Fields of a summary beside the settings in TensorBoard's table of runs."""


class RunFolder:
    """The files of one run: configuration, metrics, TensorBoard events, checkpoints, summary.

    `open` makes the folder; it calls `on_open` just before anything is written.

    Raises:
        ConfigError: the folder holds another run, or something else, or a run without `resume`.
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
        self.paths = RunPaths(path)
        self.previous: Config | None = None
        """Configuration of the run in the folder, if there is one."""
        if self.paths.config.exists():
            self.previous = self._read_previous(resume)
        elif path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ConfigError(f"{path} exists and holds no run; choose another --run-dir.")
        place = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        if not (place.is_dir() and os.access(place, os.W_OK)):
            raise ConfigError(f"{path}: {place} is no folder to write to; choose another --run-dir.")
        self._last, self._best = Store(self.paths.last), Store(self.paths.best)
        self._note: Mapping[str, object] = {}  # of manifests
        self._sinks: list[Sink] = []
        self._lock: IO[bytes] | None = None

    def _read_previous(self, resume: bool) -> Config:
        if not resume:
            raise ConfigError(
                f"{self.path} already holds a run; add --resume to resume it, or choose another --run-dir "
                "or --seed."
            )
        previous = read_config(self.path)
        if options := differing_options(previous, self.config):
            raise ConfigError(
                f"{self.path} holds a run with other settings ({', '.join(options)}); leave them out to "
                "resume it, or choose another --run-dir."
            )
        return previous

    def read_checkpoint(self) -> RunCheckpoint | None:
        """Return the state to resume from; None for a new run.

        Raises:
            ConfigError: the file is damaged, or of another version.
        """
        checkpoint.refuse_old(self.paths.last)
        if not manifests(self.paths.last):
            return None
        try:
            return RunCheckpoint(**checkpoint.load(self.paths.last))
        except TypeError as error:
            raise self.misfit(error) from error

    def misfit(self, error: Exception) -> ConfigError:
        """Return the error about a checkpoint of another version."""
        return ConfigError(
            f"The checkpoint in {self.path} does not fit this version ({error!r}); resume it at the commit "
            "named in its config.json."
        )

    def open(self, resumed: RunCheckpoint | None = None, *, resume: str) -> None:
        """Make the folder, or remove it again if it cannot be written, and open the sinks.

        Args:
            resumed: State that the run is resumed from; metrics after it are dropped.
            resume: Note for `config.json` on how exactly the run can be resumed.
        """
        self._on_open()
        try:
            self._open(resumed, resume)
        except OSError:
            with contextlib.suppress(OSError):
                self.close()
            if self.previous is None:  # the same command must work once there is room
                shutil.rmtree(self.path, ignore_errors=True)
            raise

    def _open(self, resumed: RunCheckpoint | None, resume: str) -> None:
        self.paths.last.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(self.paths.lock)
        self.paths.summary.unlink(missing_ok=True)  # the run is in progress again
        config = to_dict(self.config)
        stamp = {"config": config, "versions": _versions(), "commit": git_commit(), "resume": resume}
        write_json(self.paths.config, stamp)
        self._note = stamp
        self._sinks.append(JsonLines(self.paths.metrics, resumed.metrics_bytes if resumed else 0))
        settings = {name: value for name, value in flatten(config).items() if name not in NO_RESULT}
        at, results = resumed.env_steps if resumed else None, [f"final/{name}" for name in RESULTS]
        self._sinks.append(TensorBoard(self.path, at, settings, results))

    def log(self, env_steps: int, values: Mapping[str, Value]) -> None:
        """Write values by tag to all sinks."""
        for sink in self._sinks:
            sink.log(env_steps, values)

    def save(self, trainer: State, env_steps: int) -> None:
        """Save the state of the run, to resume it."""
        state = RunCheckpoint(trainer, env_steps, self.paths.metrics.stat().st_size)
        self._last.save(state._asdict(), self._note)

    def save_best(self, best: BestCheckpoint) -> None:
        """Save the best agent so far."""
        self._best.save(best._asdict(), self._note)

    def finish(self, summary: Summary) -> None:
        """Write the summary, and its results to the sinks."""
        values = asdict(summary)
        results = {f"final/{name}": values[name] for name in RESULTS if values[name] is not None}
        self.log(summary.env_steps, results)
        write_json(self.paths.summary, values)

    def close(self) -> None:
        """Close the sinks and release the lock."""
        with contextlib.ExitStack() as stack:
            for file in (self._lock, *self._sinks):
                if file is not None:
                    stack.callback(file.close)


def git_commit() -> str | None:
    """Return the commit of the source tree, with `-dirty` after changes; None without git."""
    commit = _git("describe", "--always", "--abbrev=12")
    # Not `describe --dirty`: it writes to the index, and if it cannot, leaves a lock behind.
    changes = _git("--no-optional-locks", "status", "--porcelain", "--untracked-files=no")
    return f"{commit}-dirty" if commit and changes else commit


def _git(*words: str) -> str | None:
    root = Path(__file__).resolve().parents[2]
    try:
        command = ["git", "-C", str(root), *words]
        result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() or None


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in ("pixel-dqn", "torch", "gymnasium", "numpy", "opencv-python-headless", "pygame"):
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions


def _lock(path: Path) -> IO[bytes]:
    """Return an open file that no other process can lock, so that none trains here.

    The operating system releases the lock when the process ends, in whatever way. File systems without
    locks, such as some network shares, keep nobody out.
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
