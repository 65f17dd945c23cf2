"""Full disks and places that cannot be written to: a sentence, promptly, and nothing lost or half written.

A limit on the size of files stands for the disk: what is written beyond it fails in the same places.
"""

import contextlib
import errno
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.runs.sinks import JsonLines, Sink
from agents.runs.store import Store
from agents.runs.tensorboard import TensorBoard
from scripts import compare, evaluate, record, train
from tests.runs import write_run
from tests.small_runs import OPTIONS, train_both

SCRIPTS: dict[str, Callable[[], int]] = {
    "train": train.main,
    "record": record.main,
    "compare": compare.main,
    "evaluate": evaluate.main,
}


@contextlib.contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Lets files grow to so many bytes and no further."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run from `state` and one from `pixels`."""
    return train_both(tmp_path_factory.mktemp("runs"), 200)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """Calls a script in an empty folder; returns its exit status."""
    monkeypatch.chdir(tmp_path)

    def run(script: str, *words: str) -> int:
        monkeypatch.setattr(sys, "argv", [f"{script}.py", *words])
        return SCRIPTS[script]()

    return run


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of stderr that is no bar."""
    lines = [line for line in capsys.readouterr().err.replace("\r", "\n").splitlines() if "error: " in line]
    assert len(lines) == 1
    return lines[0]


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("kind", ["events", "lines"])
def test_metrics_on_a_full_disk_fail_in_the_call_that_writes_them(kind: str, tmp_path: Path) -> None:
    sink: Sink = (
        TensorBoard(tmp_path, None, {}, []) if kind == "events" else JsonLines(tmp_path / "metrics.jsonl")
    )
    started = time.monotonic()
    with no_file_beyond(20_000), pytest.raises(OSError, match="File too large") as caught:
        for env_steps in range(10_000):
            sink.log(env_steps, {"return/train": 1.0})
    with contextlib.suppress(OSError):
        sink.close()
    assert caught.value.errno == errno.EFBIG
    assert time.monotonic() - started < 10


def test_a_checkpoint_that_does_not_fit_leaves_the_last_one_whole(tmp_path: Path) -> None:
    store, noise = Store(tmp_path), np.random.default_rng(0).bytes(1_000_000)
    store.save({"a": 1}, {})
    with no_file_beyond(100_000), pytest.raises(OSError, match="File too large"):
        store.save({"a": np.frombuffer(noise, np.uint8)}, {})
    assert store.load() == {"a": 1}
    assert files(tmp_path) == {"generation-000001.json"}


def test_training_on_a_disk_that_is_full_at_once_leaves_nothing(
    call: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with no_file_beyond(100):
        assert call("train", "--obs", "state", *OPTIONS, "--steps", "400", "--run-dir", "a/b") == 2
    assert "error: The disk is full" in sentence(capsys)
    assert files(tmp_path) <= {"a"}


def test_training_on_a_disk_that_fills_keeps_the_last_checkpoint(
    call: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The agent fits, the memory does not; resumed with more room, the run comes to its end."""
    words = ["--obs", "state", *OPTIONS, "--memory.capacity", "20000", "--run-dir", "run"]
    assert call("train", *words, "--steps", "200") == 0
    last = files(tmp_path / "run" / "checkpoint" / "last")
    with no_file_beyond(150_000):
        assert call("train", *words, "--steps", "400", "--resume") == 2
    assert "error: The disk is full" in sentence(capsys)
    assert files(tmp_path / "run" / "checkpoint" / "last") >= last
    assert not list(tmp_path.rglob("*.partial*"))
    assert call("train", *words, "--steps", "400", "--resume") == 0


@pytest.mark.parametrize("name", ["play.mp4", "play.gif", "play.html", "play.png"])
def test_a_play_that_does_not_fit_is_not_there_at_all(
    name: str, call: Callable[..., int], runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with no_file_beyond(1_000):
        assert call("record", str(runs / "state"), "--out", name, "--max-frames", "8") == 2
    said = sentence(capsys)
    assert said.startswith("error: The disk is full (")
    assert "ffmpeg" not in said.lower() or "/" in said
    assert files(tmp_path) == set()


def test_an_error_of_the_encoder_is_one_sentence(
    call: Callable[..., int],
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("agents.recording.video.MP4", ("-c:v", "no-such-codec"))
    assert call("record", str(runs / "state"), "--out", "play.mp4", "--max-frames", "3") == 2
    assert "play.mp4 cannot be read or written" in sentence(capsys)


def test_a_comparison_that_does_not_fit_leaves_whole_files_only(
    call: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path / "run")
    before = files(tmp_path)
    with no_file_beyond(5_000):
        assert call("compare", "run", "--out", "page.html", "--figures", "figures") == 2
    assert "error: The disk is full" in sentence(capsys)
    assert files(tmp_path) - before <= {"figures", "figures/table.csv"}


@pytest.mark.parametrize("place", ["letter.txt/sub", "/proc/nowhere"])
def test_a_run_is_not_begun_where_no_folder_can_be(
    place: str, call: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    assert call("train", "--obs", "state", *OPTIONS, "--run-dir", place) == 2
    assert place.split("/")[1] in sentence(capsys)
    assert (tmp_path / "letter.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "words",
    [("compare", "{}"), ("evaluate", "{}/state", "--episodes", "2"), ("evaluate", "{}/state", "--json")],
)
def test_a_full_disk_under_what_is_printed_is_a_sentence(
    words: tuple[str, ...], runs: Path, tmp_path: Path, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [word.format(runs) for word in words])
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert SCRIPTS[words[0]]() == 2
        monkeypatch.undo()
        with contextlib.suppress(OSError):
            full.close()
    assert sentence(capsys).startswith("error: The disk is full")


def test_an_agent_of_another_configuration_is_a_sentence(
    call: Callable[..., int], runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(runs / "state", tmp_path / "run")
    rest = {"env_steps": 1, "score": {"mean": 9.0, "episodes": 2}}
    contents: list[tuple[dict[str, Any], str]] = [
        ({"agent": {}, **rest}, "does not fit its configuration"),
        ({"agent": 3, **rest}, "does not fit its configuration"),
        ({"agent": {}}, "holds no agent"),
        ({"other": 1}, "holds no agent"),
    ]
    for content, reason in contents:
        Store(tmp_path / "run" / "checkpoint" / "best").save(content, {})
        assert call("evaluate", "run", "--episodes", "2") == 2
        assert reason in sentence(capsys)
