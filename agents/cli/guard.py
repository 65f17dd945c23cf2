"""Signal handlers and error sentences around every script.

Imports nothing slow: the handlers must be installed before torch is loaded.
"""

import contextlib
import errno
import functools
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from envs.config import ConfigError

# Modules with shared libraries that may fail to load, and their packages.
PACKAGES = {"cv2": "opencv-python-headless", "ale_py": "ale-py", "pygame": "pygame", "torch": "torch"}
NO_MEMORY = re.compile(r"(can't|cannot|unable to|tried to|failed to) allocate", re.IGNORECASE)


class StopSignal:
    """Handler of Ctrl-C and SIGTERM.

    They end the program at once until another mode is chosen. A second signal ends a program that
    remembers the first, unless it follows within a second: make passes the same signal on to a program
    that already has it.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._at = 0.0
        self._handle(self._end)

    def __call__(self) -> bool:
        """Whether a signal has arrived."""
        return self.number is not None

    def interrupt(self) -> None:
        """Raise `KeyboardInterrupt` at a signal, to remove temporary files."""
        self._handle(self._raise)

    def remember(self) -> None:
        """Remember a signal, so that the program can save and stop."""
        self._handle(self._remember)

    def ignore(self) -> None:
        """Ignore signals from now on, until the process has ended."""
        self._handle(signal.SIG_IGN)

    def _handle(self, handler: "Callable[[int, FrameType | None], object] | signal.Handlers") -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, handler)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        os.write(2, b"Stopped before anything began.\n")
        os._exit(128 + number)  # an exception would come out of the middle of some library's import

    def _raise(self, number: int, _frame: FrameType | None) -> None:
        self.number = number
        raise KeyboardInterrupt

    def _remember(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.number is None:
            self.number, self._at = number, now
        elif now - self._at > 1.0:
            self._raise(number, frame)


def guarded(main: Callable[[StopSignal], int | None]) -> Callable[[], int]:
    """Turn errors that users can fix into a sentence and status 2; None is status 0.

    Afterwards signals are ignored: a process takes a moment to end after its last line of output.
    """

    @functools.wraps(main)
    def run() -> int:
        stop = StopSignal()
        try:
            status = _finish(main, stop)
        except KeyboardInterrupt:
            _print_line("Stopped at once; everything saved before is intact.")
            status = 128 + (stop.number or signal.SIGINT)
        except BrokenPipeError:  # the reader has closed the pipe
            _drop_output()
            status = 0
        except Exception as error:
            sentence = explain(error)
            if sentence is None:
                raise
            _drop_output()
            _print_line(f"error: {sentence}")
            status = 2
        stop.ignore()
        return status

    return run


def _finish(main: Callable[[StopSignal], int | None], stop: StopSignal) -> int:
    """Run `main` and flush its output, or fail on a full disk."""
    try:
        status = main(stop) or 0
    except SystemExit as error:  # after --help
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    sys.stdout.flush()
    return status


def explain(error: Exception) -> str | None:
    """Return a sentence about an error; None if it is a bug."""
    if isinstance(error, ConfigError):
        return str(error)
    if isinstance(error, ImportError):
        package = _package_of(error)
        return package and (
            f"{package} is missing or broken ({error}); install it with "
            f"pip install --force-reinstall -c constraints.txt {package}"
        )
    if isinstance(error, subprocess.CalledProcessError):
        output = last_line(error.stderr or "")
        why = f": {output}" if output else "; its output stands above"
        return f"{shlex.join(map(str, error.cmd)):.300} ended with exit status {error.returncode}{why}"
    if isinstance(error, MemoryError) or NO_MEMORY.search(str(error)):
        return (
            f"Out of memory ({_line(error)}); lower --env.size, --env.num-envs, "
            "--learning.batch-size, --memory.capacity or --network.hidden."
        )
    return _about_file(error) if isinstance(error, OSError) else None


def _about_file(error: OSError) -> str:
    place = error.filename or "the output of this program"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"The disk is full ({place}); free some space and resume: everything saved before is intact."
    return (
        f"{place} cannot be read or written ({(error.strerror or _line(error)).lower()}); choose another "
        "place, or repair that one."
    )


def last_line(output: str) -> str:
    """Return the last line that a program printed, of progress bars too; empty if there is none."""
    return output.replace("\r", "\n").rstrip().rpartition("\n")[2].strip()


def _package_of(error: ImportError) -> str | None:
    """Return the package of a module in `PACKAGES` that failed to load."""
    files = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    named = {part for file in files for part in (*file.parts, file.stem)}  # a broken library has no name
    named = {error.name.partition(".")[0]} if error.name else named
    return next((package for module, package in PACKAGES.items() if module in named), None)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _print_line(sentence: str) -> None:
    with contextlib.suppress(OSError):
        print(" ".join(sentence.split()), file=sys.stderr, flush=True)


def _drop_output() -> None:
    """Discard the rest of the output, so that Python reports no failure."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
