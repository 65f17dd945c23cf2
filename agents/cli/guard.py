"""What stands around every script: signals from its first line on, and sentences for what goes wrong.

It imports nothing that is slow: the handlers must stand before torch is loaded.
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

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SAME_SECONDS = 1.0
# Modules with libraries of their own that may fail to load, and the packages they come in.
PACKAGES = {"cv2": "opencv-python-headless", "ale_py": "ale-py", "pygame": "pygame", "torch": "torch"}
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_MEMORY = re.compile(r"(can't|cannot|unable to|tried to|failed to) allocate", re.IGNORECASE)


class StopSignal:
    """Hears Ctrl-C and SIGTERM: they end the program at once until somebody wants to be asked.

    A second signal ends a program that remembers the first. Within a second it is the same one: make
    hands it on to a program that got it already.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._at = 0.0
        self._hear(self._end)

    def __call__(self) -> bool:
        """Whether a signal came."""
        return self.number is not None

    def interrupt(self) -> None:
        """From now on there is something to tidy up: a signal raises `KeyboardInterrupt`."""
        self._hear(self._raise)

    def remember(self) -> None:
        """From now on there is something to save: a signal is remembered, and asked for by a call."""
        self._hear(self._remember)

    def ignore(self) -> None:
        """From now on all is done, and a signal changes nothing, until the process has ended."""
        self._hear(signal.SIG_IGN)

    def _hear(self, handler: "Callable[[int, FrameType | None], object] | signal.Handlers") -> None:
        for number in SIGNALS:
            signal.signal(number, handler)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        os.write(2, b"Stopped before anything was begun.\n")
        os._exit(128 + number)  # an exception would come out of the middle of some library's import

    def _raise(self, number: int, _frame: FrameType | None) -> None:
        self.number = number
        raise KeyboardInterrupt

    def _remember(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.number is None:
            self.number, self._at = number, now
        elif now - self._at > SAME_SECONDS:
            self._raise(number, frame)


def guarded(main: Callable[[StopSignal], int]) -> Callable[[], int]:
    """Turns what goes wrong in `main`, and is the user's to mend, into a sentence and exit status 2.

    When it returns, signals change nothing any more: a process that has said its last word takes a moment
    to end.
    """

    @functools.wraps(main)
    def run() -> int:
        stop = StopSignal()
        try:
            status = _finish(main, stop)
        except KeyboardInterrupt:
            _say("Ended at once; what was saved before is there.")
            status = 128 + (stop.number or signal.SIGINT)
        except BrokenPipeError:  # nobody reads on
            _drop_output()
            status = 0
        except Exception as error:
            sentence = explain(error)
            if sentence is None:
                raise
            _drop_output()
            _say(f"error: {sentence}")
            status = 2
        stop.ignore()
        return status

    return run


def _finish(main: Callable[[StopSignal], int], stop: StopSignal) -> int:
    """Runs `main` and hands its output on, which fails only now where the disk is full."""
    try:
        status = main(stop)
    except SystemExit as error:  # after --help
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    sys.stdout.flush()
    return status


def explain(error: Exception) -> str | None:
    """Returns a sentence about what the user can mend; None where the program itself is at fault."""
    if isinstance(error, ConfigError):
        return str(error)
    if isinstance(error, ImportError):
        package = _package_of(error)
        return package and (
            f"{package} is missing or broken ({error}); install it with "
            f"pip install --force-reinstall -c constraints.txt {package}"
        )
    if isinstance(error, subprocess.CalledProcessError):
        return _about_child(error)
    if isinstance(error, MemoryError) or NO_MEMORY.search(str(error)):
        return (
            f"More memory is asked for than there is ({_line(error)}); lower --env.size, --env.num-envs, "
            "--learning.batch-size, --memory.capacity or --network.hidden."
        )
    return _about_file(error) if isinstance(error, OSError) else None


def _about_file(error: OSError) -> str:
    place = error.filename or "what this program prints or saves"
    if error.errno in FULL:
        return f"The disk is full ({place}); free some space and go on: what was saved before is whole."
    return (
        f"{place} cannot be read or written ({(error.strerror or _line(error)).lower()}); choose another "
        "place, or mend that one."
    )


def _about_child(error: subprocess.CalledProcessError) -> str:
    said = error.stderr.decode(errors="replace") if isinstance(error.stderr, bytes) else error.stderr or ""
    lines = [line for line in said.replace("\r", "\n").splitlines() if line.strip()]
    why = f": {lines[-1].strip()}" if lines else "; what it said stands above"
    command = shlex.join(map(str, error.cmd))
    return f"{command:.300} ended with exit status {error.returncode}{why}"


def _package_of(error: ImportError) -> str | None:
    """Returns the package to install where one of `PACKAGES` did not load."""
    files = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    named = {part for file in files for part in (*file.parts, file.stem)}  # a broken library has no name
    named = {error.name.partition(".")[0]} if error.name else named
    return next((package for module, package in PACKAGES.items() if module in named), None)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _say(sentence: str) -> None:
    with contextlib.suppress(OSError):
        print(" ".join(sentence.split()), file=sys.stderr, flush=True)


def _drop_output() -> None:
    """Lets what is left in the buffers of stdout vanish: Python would complain of it at the end."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
