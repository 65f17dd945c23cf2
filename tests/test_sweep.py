"""A grid of runs as a user sees it: run, repeated, stopped, failed, refused."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.cli.arguments import SweepArguments
from agents.cli.parser import parse_known
from agents.cli.sweep import GridRun, Sweep, grid
from agents.config import ConfigError
from agents.config.presets import LADDER
from tests.command_line import Done, call, command, refused, run, succeeded
from tests.small_runs import OPTIONS, train

MARK = ["--reward-threshold", "475"]
SHORT = [*OPTIONS, "--steps", "200", "--out", "grid", "--jobs", "2"]


def test_a_failed_run_is_reported_and_the_others_continue_and_count_as_finished(tmp_path: Path) -> None:
    """A folder that holds something else makes one run fail."""
    in_the_way = tmp_path / "grid" / "CartPole-v1" / "fast-state" / "seed1"
    in_the_way.mkdir(parents=True)
    (in_the_way / "letter.txt").write_text("mine")
    words = ["--obs", "state", "--seeds", "2", *SHORT]
    done = run("sweep", *words, cwd=tmp_path)
    assert done.returncode == 1
    assert "failed: CartPole-v1/fast-state/seed1: error: " in done.stderr
    assert "holds no run" in done.stderr
    assert "1 of 2 runs finished" in done.stdout
    assert "CartPole-v1 from state: reached" in done.stderr
    summary = in_the_way.parent / "seed2" / "summary.json"
    written = summary.stat().st_mtime_ns
    assert (in_the_way / "letter.txt").read_text() == "mine"
    again = call("sweep", *words, cwd=tmp_path)
    assert again.returncode == 1 and "1 of 2 runs were finished before" in again.stderr
    assert summary.stat().st_mtime_ns == written


def test_a_stopped_grid_saves_its_runs_and_resumes(tmp_path: Path) -> None:
    words = ["--obs", "state", "--seeds", "1", *SHORT, "--steps", "60000"]
    process = subprocess.Popen(
        command("sweep", *words), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    folder = tmp_path / "grid" / "CartPole-v1" / "fast-state" / "seed1"
    wait_for(lambda: (folder / "checkpoint" / "best").exists())
    os.kill(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert b"the same command resumes" in stderr
    assert (folder / "checkpoint" / "last").exists() and not (folder / "summary.json").exists()
    steps = last_step(folder)
    succeeded(call("sweep", *words, "--steps", str(steps + 200), cwd=tmp_path))
    assert json.loads((folder / "summary.json").read_text())["env_steps"] >= steps


def test_runs_with_other_settings_do_not_count_as_finished(tmp_path: Path) -> None:
    """A smaller budget is not the requested one; another n-step return is another run."""
    words = [*OPTIONS, "--steps", "200"]
    arguments = SweepArguments(obs=("state",), seeds=1, out=tmp_path)
    (grid_run,) = grid(arguments, words)
    train(grid_run.config, grid_run.folder)
    assert grid_run.finished()
    (longer,) = grid(arguments, [*words, "--steps", "400"])
    assert not longer.finished() and longer.words[-6:-2] == (
        "400",
        "--reward-threshold",
        "none",
        "--run-dir",
    )
    (other,) = grid(arguments, [*words, "--returns.n-step", "2"])
    with pytest.raises(ConfigError, match=r"holds a run with other settings \(--returns.n-step\)"):
        other.finished()
    sweep = Sweep([other], 1)
    assert sweep.run(lambda: False) and "choose another --out" in sweep.failed[other.name]
    assert not other.paths.log.exists()  # no process was started for it


def ladder(folder: Path) -> Done:
    """Run `sweep.py --ladder`, from both observations; each run has a process of its own."""
    return succeeded(call("sweep", "--ladder", "--seeds", "1", *SHORT, *MARK, cwd=folder))


def test_a_ladder_runs_each_rung_from_its_observations_and_writes_table_and_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rungs; shifts need images. No run reaches 475 within 200 steps; repeated, it trains nothing."""
    for module in ("agents.config.presets", "agents.cli.sweep"):
        monkeypatch.setattr(f"{module}.LADDER", ("dqn", "drq-eps"))
    output = ladder(tmp_path).stdout
    table = (tmp_path / "grid" / "ladder" / "ladder.md").read_text()
    assert table in output
    assert "3 of 3 runs finished. Next: python scripts/compare.py grid" in output
    never = "0 of 1 | - [-, -] | - [-, -]"
    assert f"| `dqn` | {never} | {never} |\n| `drq-eps` |  |  |  | {never} |" in table
    assert {file.name for file in (tmp_path / "grid" / "ladder").iterdir()} == {
        "ladder.md",
        "ladder.png",
        "ladder.svg",
    }
    summaries = sorted((tmp_path / "grid" / "CartPole-v1").glob("*/*/summary.json"))
    names = [path.parent.relative_to(tmp_path / "grid").as_posix() for path in summaries]
    assert names == [f"CartPole-v1/{run}/seed1" for run in ("dqn-pixels", "dqn-state", "drq-eps-pixels")]
    written = [path.stat().st_mtime_ns for path in summaries]
    assert "3 of 3 runs were finished before" in ladder(tmp_path).stderr
    assert [path.stat().st_mtime_ns for path in summaries] == written


@pytest.mark.slow
def test_the_whole_ladder_resumes_after_a_stop(tmp_path: Path) -> None:
    """All presets from both observations, stopped after the first run is done and started again."""
    words = command("sweep", "--ladder", "--seeds", "1", *SHORT, *MARK)
    process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: any(tmp_path.glob("grid/*/*/*/summary.json")))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    done = ladder(tmp_path)
    runs = 2 * len(LADDER) - 1
    assert f"of {runs} runs were finished before" in done.stderr
    assert f"{runs} of {runs} runs finished" in done.stdout
    rows = [line.split("`")[1] for line in done.stdout.splitlines() if line.startswith("| `")]
    assert tuple(rows) == LADDER


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.time() + 60
    while not condition():
        assert time.time() < until
        time.sleep(0.05)


def last_step(folder: Path) -> int:
    return int(json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])["env_steps"])


def test_seeds_are_outermost_and_each_run_has_its_folder() -> None:
    arguments = SweepArguments(env=("pong",), obs=("pixels",), preset=("dqn", "nature"), seeds=2)
    runs = grid(arguments, ["--steps", "1000"])
    assert [run.name for run in runs] == [
        f"ALE-Pong-v5/{preset}-pixels/seed{seed}" for seed in (1, 2) for preset in ("dqn", "nature")
    ]
    assert {run.config.steps for run in runs} == {1000}


def test_progress_is_read_from_the_last_line_of_metrics(tmp_path: Path) -> None:
    config = grid(SweepArguments(obs=("state",), seeds=1), ["--steps", "1000"])[0].config
    grid_run = GridRun((), config, tmp_path)
    assert grid_run.share_done() == 0.0
    lines = [{"env_steps": 100, "x": 1.0}] * 300 + [{"env_steps": 250}]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert grid_run.share_done() == 0.25


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--obs", "sound"], "obs"),
        (["--seeds", "0"], "--seeds is 0"),
        (["--preset", "nature"], "is for --obs pixels only"),
        (["--memory.capacitty", "3"], "memory.capacitty"),
        (["--env", "CartPol-v1"], "did you mean CartPole-v1"),
        (["--seed", "3"], "--seed: a sweep chooses that itself"),
        (["--preset", "fast", "fast"], "the same run twice"),
        (["--ladder", "--env", "CartPole-v1", "Acrobot-v1"], "name one --env"),
        (
            ["--ladder", "--env", "pong", "--obs", "pixels"],
            "none to reach here; give one as --reward-threshold",
        ),
        (["--board", "--env", "pong"], "--board has games of its own"),
        (["--ladder", "--reward-threshold", "none"], "none to reach here"),
    ],
)
def test_an_impossible_grid_is_refused(words: list[str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        grid(*parse_known(SweepArguments, words))


def test_a_grid_is_refused_before_anything_runs(tmp_path: Path) -> None:
    refused(call("sweep", "--seeds", "0", "--out", "grid", cwd=tmp_path), "--seeds is 0")
    assert not (tmp_path / "grid").exists()


def test_options_of_single_runs_are_checked_too() -> None:
    with pytest.raises(ConfigError, match="--steps is 0"):
        grid(SweepArguments(), ["--steps", "0"])


def test_a_run_gets_its_share_of_the_cores_and_no_more_than_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 8 cores, 2 runs get 4 each; where the environment allows 3 threads, 3."""
    threads = []
    monkeypatch.setattr("envs.cores.cores", lambda: 8)
    monkeypatch.setattr("agents.cli.sweep.cores", lambda: 8)
    monkeypatch.setattr("subprocess.Popen", lambda *_, env, **__: threads.append(env["OMP_NUM_THREADS"]))
    (grid_run,) = grid(
        SweepArguments(obs=("state",), seeds=1, out=tmp_path), ["--memory.capacity", "10000"]
    )
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    Sweep([grid_run], 2)._start(grid_run)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    Sweep([grid_run], 2)._start(grid_run)
    assert threads == ["4", "3"]


def test_a_failed_process_is_reported_even_beside_a_damaged_summary(tmp_path: Path) -> None:
    (run,) = grid(SweepArguments(obs=("state",), seeds=1, out=tmp_path), [])
    run.folder.mkdir(parents=True)
    (run.folder / "summary.json").write_text("{")
    run.paths.log.write_text("starting\nerror: the disk is full\n")
    sweep = Sweep([run], 1)
    assert "failed with exit status 2: error: the disk is full" in sweep._finish(run, 2)
    assert sweep.failed == {run.name: "error: the disk is full"}
