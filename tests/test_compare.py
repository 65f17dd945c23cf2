"""`scripts/compare.py` from the command line."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import ROOT, call, refused, run, succeeded
from tests.runs import climb, write_run
from tests.small_runs import train_both


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    for obs, solved in (("pixels", [6, 7, 9]), ("state", [3, 4, 4])):
        for seed, at in enumerate(solved, 1):
            write_run(folder / "runs" / obs / f"seed{seed}", obs=obs, seed=seed, scores=climb(at, seed))
    return folder


def test_help_reads_well(tmp_path: Path) -> None:
    done = succeeded(call("compare", "--help", cwd=tmp_path))
    assert done.stderr == ""
    for word in ("usage:", "--out", "--figures", "--reward-threshold", "--force", "Folders of runs"):
        assert word in done.stdout


def test_compare_prints_and_writes(runs: Path, tmp_path: Path) -> None:
    words = ("runs", "--out", str(tmp_path / "report.html"), "--figures", str(tmp_path / "figures"))
    done = succeeded(run("compare", *words, cwd=runs))
    assert done.stderr == ""
    assert done.stdout.startswith("From pixels, CartPole-v1 took 1.8 times [1.5, 3.0] the steps")
    assert "7,000 (6,000 to 9,000); 3 of 3" in done.stdout
    page = (tmp_path / "report.html").read_text()
    assert "1.8 times" in page and page.rstrip().endswith("</html>")
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {"curves.png", "curves.svg", "table.csv", "curves.csv"} <= names


@pytest.mark.parametrize("place", ["runs", "runs/state/seed1"])
def test_the_current_folder_can_be_named(place: str, runs: Path) -> None:
    assert "CartPole-v1" in succeeded(call("compare", ".", cwd=runs / place)).stdout
    refused(call("evaluate", ".", cwd=runs / place), ".")


def test_a_threshold_can_be_chosen(runs: Path) -> None:
    done = call("compare", "runs/state", "--reward-threshold", "5", cwd=runs)
    assert "3 of 3 runs reached 5, the median after 1,000 steps" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Name the runs to compare"),
        (["nowhere"], "nowhere holds no run"),
        (["runs", "--out", "report.pdf"], "ends in .html"),
        (["runs", "--out", "no/report.html"], "does not exist"),
        (["runs", "--reward-threshold", "high"], "reward-threshold"),
        (["runs", "--figures", "file"], "is no folder"),
    ],
)
def test_bad_input_is_one_sentence(words: list[str], sentence: str, runs: Path) -> None:
    (runs / "file").touch()
    refused(call("compare", *words, cwd=runs), sentence)


def test_a_damaged_run_is_named(runs: Path, tmp_path: Path) -> None:
    path = write_run(tmp_path / "bad")
    (path / "metrics.jsonl").write_text("nonsense\n")
    refused(call("compare", str(path), cwd=runs), "damaged in line 1")


def test_compare_does_not_load_torch(runs: Path) -> None:
    code = (
        "import runpy, sys; sys.argv = ['compare.py', 'runs'];"
        f"\ntry: runpy.run_path({str(ROOT / 'scripts' / 'compare.py')!r}, run_name='__main__')"
        "\nexcept SystemExit: pass\nprint('torch' in sys.modules, 'gymnasium' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=runs, check=True
    )
    assert done.stdout.splitlines()[-1] == "False False", done.stderr


@pytest.mark.slow
def test_twenty_long_runs_take_five_seconds_and_megabytes(tmp_path: Path) -> None:
    for preset in ("dqn", "chapter"):
        for obs in ("pixels", "state"):
            for seed in range(1, 6):
                scores = np.linspace(0, 460, 2_000) + np.random.default_rng(seed).normal(0, 5, 2_000)
                tags = {f"probe/r2_{name}": [0.5] * 2_000 for name in "abcd"} if obs == "pixels" else None
                folder = tmp_path / preset / obs / str(seed)
                write_run(folder, obs=obs, preset=preset, seed=seed, scores=scores, tags=tags)
    started = time.perf_counter()
    done = run("compare", ".", "--out", "report.html", cwd=tmp_path)
    assert time.perf_counter() - started <= 5.0
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.html").stat().st_size <= 5e6


def test_the_page_shows_an_episode_of_each_best_checkpoint_recorded_once(tmp_path: Path) -> None:
    train_both(tmp_path, 200)
    words = ("state", "pixels", "--out", "page.html")
    succeeded(run("compare", *words, cwd=tmp_path))
    page = (tmp_path / "page.html").read_text()
    assert page.count("data:video/mp4;base64,") == 2
    recorded = [(tmp_path / obs / "episode.mp4").stat().st_mtime_ns for obs in ("state", "pixels")]
    assert call("compare", *words, cwd=tmp_path).returncode == 0
    assert [(tmp_path / obs / "episode.mp4").stat().st_mtime_ns for obs in ("state", "pixels")] == recorded
    assert call("compare", *words, "--no-videos", cwd=tmp_path).returncode == 0
    assert "data:video" not in (tmp_path / "page.html").read_text()


def test_a_run_without_an_evaluation_is_left_out_and_named(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "runs", tmp_path / "runs")
    (tmp_path / "runs" / "state" / "seed3" / "metrics.jsonl").write_text("")
    done = call("compare", "runs", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == "runs/state/seed3 has no evaluation yet and is left out\n"
    refused(call("compare", "runs/state/seed3", cwd=tmp_path), "has no evaluation yet")
