"""Signal handlers and error sentences around every script."""

import errno
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agents.cli.guard import StopSignal, guarded
from agents.config import ConfigError
from scripts.benchmark import main
from tests.command_line import ROOT, command
from tests.small_runs import OPTIONS

FULL_STDOUT = Path("/dev/full")
TRAINING = ["--obs", "state", *OPTIONS, "--steps", "200000", "--run-dir", "run"]


def raising(error: BaseException) -> int:
    """Exit status of a program that ends with this error."""

    def main(_: StopSignal) -> int:
        raise error

    return guarded(main)()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ConfigError("--seed is -1; give 0 or more."), "--seed is -1; give 0 or more."),
        (OSError(errno.ENOSPC, "No space left on device", "a/b"), "The disk is full (a/b); free some"),
        (
            PermissionError(errno.EACCES, "Permission denied", "a"),
            "a cannot be read or written (permission",
        ),
        (
            FileNotFoundError(errno.ENOENT, "No such file", "allocated"),
            "allocated cannot be read or written",
        ),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "Out of memory"),
        (
            NotADirectoryError(errno.ENOTDIR, "Not a directory", "f/a"),
            "f/a cannot be read or written (not a",
        ),
        (MemoryError("Unable to allocate 22.7 TiB"), "Out of memory (Unable to"),
        (RuntimeError("can't allocate\nmemory: you tried"), "(can't allocate memory: you tried)"),
        (
            subprocess.CalledProcessError(2, ["python", "a b"]),
            "python 'a b' ended with exit status 2; its",
        ),
        (subprocess.CalledProcessError(2, ["x"], stderr="a\nerror: b\n"), "exit status 2: error: b"),
    ],
)
def test_an_error_the_user_can_fix_is_one_sentence(
    error: Exception, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(error) == 2
    output = capsys.readouterr()
    assert output.err.startswith("error: ") and sentence in output.err
    assert output.err.count("\n") == 1 and output.out == ""


def test_a_bug_is_raised_with_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        raising(ZeroDivisionError())


def test_an_interrupted_program_says_so_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(KeyboardInterrupt()) == 128 + signal.SIGINT
    assert capsys.readouterr().err == "Stopped at once; everything saved before is intact.\n"


def test_the_exit_status_names_the_signal(capsys: pytest.CaptureFixture[str]) -> None:
    def main(stop: StopSignal) -> int:
        stop.interrupt()
        signal.raise_signal(signal.SIGTERM)
        return 0

    assert guarded(main)() == 128 + signal.SIGTERM
    assert "Stopped at once" in capsys.readouterr().err


def test_a_second_signal_ends_the_program_unless_it_is_the_same_one(monkeypatch: Any) -> None:
    """Make passes SIGTERM on to a program that already has it; a person needs longer."""
    stop, clock = StopSignal(), iter([10.0, 10.2, 12.0])
    monkeypatch.setattr("agents.cli.guard.time.monotonic", lambda: next(clock))
    stop.remember()
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)
    assert stop()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


def start(*words: str, cwd: Path) -> "subprocess.Popen[str]":
    """A training in a process of its own."""
    return subprocess.Popen(
        command("train", *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd
    )


def listens(pid: int) -> bool:
    """Whether a process has a handler for SIGTERM, which Python by itself has not."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(line.split()[1] for line in lines if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    with start("--help", cwd=tmp_path) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_a_full_disk_under_stdout_is_one_sentence(tmp_path: Path) -> None:
    with FULL_STDOUT.open("wb") as full:
        done = subprocess.run(
            command("train", "--help"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("error: The disk is full") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seconds", [0.0, 0.9])
def test_a_signal_before_training_begins_leaves_nothing(
    number: signal.Signals, seconds: float, tmp_path: Path
) -> None:
    process = start(*TRAINING, cwd=tmp_path)
    while not listens(process.pid):
        time.sleep(0.001)
    time.sleep(seconds)
    process.send_signal(number)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert error == "Stopped before anything began.\n" and out == ""
    assert list(tmp_path.iterdir()) == []


def test_after_the_last_line_of_output_signals_are_ignored(tmp_path: Path) -> None:
    log = tmp_path / "run" / "metrics.jsonl"
    with start(*TRAINING, cwd=tmp_path) as process:
        until = time.monotonic() + 60
        while time.monotonic() < until and not (log.exists() and log.stat().st_size):
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        next(line for line in process.stderr if "Stopped and saved" in line)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == ""
    assert process.returncode == 128 + signal.SIGTERM


def test_the_handlers_are_installed_before_slow_imports() -> None:
    """Of this project and of what is slow to load, a script imports the guard only."""
    code = "import sys; import agents.cli.guard; print(*sys.modules)"
    names = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = {name.partition(".")[0] for name in names.stdout.split()}
    assert not loaded & {"numpy", "torch", "tyro", "gymnasium", "scipy", "cv2"}


@pytest.mark.parametrize("script", ["train", "evaluate", "record", "compare", "sweep", "benchmark"])
def test_a_script_begins_with_the_guard(script: str) -> None:
    text = (ROOT / "scripts" / f"{script}.py").read_text()
    top = [line for line in text.splitlines() if line.startswith(("from agents", "import torch"))]
    assert top == ["from agents.cli.guard import StopSignal, guarded"]


def test_a_benchmark_whose_training_fails_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(command: list[str], **_: Any) -> None:
        raise subprocess.CalledProcessError(2, command)

    monkeypatch.setattr("scripts.benchmark.subprocess.run", fails)
    monkeypatch.setattr(sys, "argv", ["benchmark.py", "--parts", "start", "--out", str(tmp_path / "new")])
    assert main() == 2
    assert "ended with exit status 2; its output stands above" in capsys.readouterr().err
