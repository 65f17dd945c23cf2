"""Scripts as a user calls them, in this process or in one of their own."""

import contextlib
import importlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
Done = subprocess.CompletedProcess[str]


def command(script: str, *words: str) -> list[str]:
    """Return the command line of a script."""
    return [sys.executable, str(ROOT / "scripts" / f"{script}.py"), *words]


def run(script: str, *words: str, cwd: Path) -> Done:
    """Run a script in a process of its own, without a display."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "SDL_VIDEODRIVER")}
    return subprocess.run(
        command(script, *words), capture_output=True, text=True, cwd=cwd, check=False, env=environment
    )


def call(script: str, *words: str, cwd: Path | None = None) -> Done:
    """Call a script in this process, which saves seconds of imports."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [f"{script}.py", *words])
        if cwd is not None:
            patch.chdir(cwd)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = importlib.import_module(f"scripts.{script}").main()
    return Done(sys.argv, status, out.getvalue(), err.getvalue())


def succeeded(done: Done) -> Done:
    """Assert exit status 0."""
    assert done.returncode == 0, done.stderr
    return done


def refused(done: Done, sentence: str) -> None:
    """Assert exit status 2, one line on stderr with the sentence, and nothing on stdout."""
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    assert sentence in lines[0]
    assert done.stdout == ""
