"""The trainer as a whole: resuming, saving, counting, presets."""

import errno
import json
import shutil
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import agents
from agents.acting.score import evaluate
from agents.build import EXACT
from agents.config import Config, ConfigError, from_dict, to_dict, with_fields
from agents.config.presets import preset_config
from agents.runs import checkpoint
from agents.runs.checkpoint import read_best
from agents.runs.folder import RunFolder
from agents.runs.sinks import JsonLines
from agents.runs.store import Store
from envs.vector import SerialVectorEnv
from tests.command_line import call, command, run, succeeded
from tests.small_runs import OPTIONS, assert_same, assert_same_run, metrics, small, train
from tests.toy import TOY, Constant, Counter


def test_only_one_process_at_a_time_trains_in_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the file system knows no locks (ENOLCK), the run is made without one."""
    config, path = small("state"), tmp_path / "run"
    with closing(RunFolder(path, config, resume=False)) as first:
        first.open(resume=EXACT)
        second = RunFolder(path, config, resume=True)
        with pytest.raises(ConfigError, match="Another process is training in"):
            second.open(resume=EXACT)

        def without_locks(*_: Any) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        monkeypatch.setattr("agents.runs.folder.fcntl.flock", without_locks)
        with closing(RunFolder(path, config, resume=True)) as third:
            third.open(resume=EXACT)


def test_two_halves_in_two_processes_equal_one_whole(tmp_path: Path) -> None:
    """Run(2N) equals run(N), save, new process, run(N), bit for bit; from states the signals below do it."""
    options = ["--obs", "pixels", *OPTIONS, "--run-dir"]
    succeeded(call("train", *options, "whole", "--steps", "800", cwd=tmp_path))
    succeeded(call("train", *options, "halves", "--steps", "400", cwd=tmp_path))
    succeeded(run("train", "--run-dir", "halves", "--steps", "800", "--resume", cwd=tmp_path))
    assert_same_run(tmp_path / "whole", tmp_path / "halves")


def test_an_atari_run_on_the_native_back_end_says_that_games_in_hand_are_cut(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = small(
        "pixels",
        "dqn",
        "ALE/Pong-v5",
        **{"env.protocol": "none", "env.max_frames": 400, "evaluation.every": 400},
        **{"evaluation.probe_samples": 0, "evaluation.num_envs": 1},
    )
    train(with_fields(config, {"steps": 80}), tmp_path / "run")
    saved = checkpoint.load(tmp_path / "run" / "checkpoint" / "last")["trainer"]
    rows = saved["memory"]["rows"]["last"]
    assert not any(np.asarray(row).any() for row in rows)
    trainer = train(with_fields(config, {"steps": 88}), tmp_path / "run", resume=True)
    assert "episodes in progress end as truncations" in capsys.readouterr().err
    assert "truncations" in json.loads((tmp_path / "run" / "config.json").read_text())["resume"]
    assert trainer.memory.state_dict()["rows"]["last"][0].any()


def test_atari_scores_are_logged_raw_and_clipped_apart(tmp_path: Path) -> None:
    """Ms. Pac-Man's dots count 10: the raw score is ten times what the agent learns from, or more."""
    fields = {
        "evaluation.every": 600,
        "evaluation.num_envs": 2,
        "steps": 600,
        "schedule.learning_starts": 600,
        "env.max_frames": 400,
    }
    config = small(
        "pixels", env="ALE/MsPacman-v5", **fields | {"env.protocol": "none", "evaluation.video_frames": 20}
    )
    train(config, tmp_path / "run")
    rows = metrics(tmp_path / "run")
    raw = [(row["return/train"], row["return/train_clipped"]) for row in rows if "return/train" in row]
    assert raw and all(r >= 10 * c > 0 for r, c in raw)
    assert any({"return/eval_human_normalised", "probe/r2_ram"} <= row.keys() for row in rows)
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["protocol"] == "none" and summary["eval_human_normalised"] is not None


INTERRUPTED = ["--obs", "state", *OPTIONS, "--steps", "1600"]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of `INTERRUPTED` from beginning to end."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    succeeded(call("train", *INTERRUPTED, "--run-dir", str(folder)))
    return folder


def wait_for(path: Path) -> None:
    """Wait until a process has written to a file."""
    deadline = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size > 0):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_stopped_by_a_signal_resumes_exactly(
    number: int, uninterrupted: Path, tmp_path: Path
) -> None:
    stopped = tmp_path / "stopped"
    words = command("train", *INTERRUPTED, "--run-dir", str(stopped))
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    wait_for(stopped / "metrics.jsonl")
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert f"--resume --run-dir {stopped}" in error
    assert "Traceback" not in error
    assert checkpoint.load(stopped / "checkpoint" / "last")["env_steps"] < 1600
    succeeded(call("train", "--run-dir", str(stopped), "--resume"))
    assert_same_run(uninterrupted, stopped)


def test_a_killed_run_resumes_from_its_last_checkpoint(uninterrupted: Path, tmp_path: Path) -> None:
    """SIGKILL leaves a whole checkpoint; what was logged after it is dropped, then logged again."""
    killed = tmp_path / "killed"
    words = command("train", *INTERRUPTED, "--run-dir", str(killed), "--checkpoint-seconds", "0")
    process = subprocess.Popen(words, stderr=subprocess.PIPE)
    wait_for(killed / "checkpoint" / "last" / "generation-000001.json")
    time.sleep(0.3)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    succeeded(call("train", "--run-dir", str(killed), "--resume", "--checkpoint-seconds", "1000"))
    assert_same_run(uninterrupted, killed)


def test_a_checkpoint_of_an_older_version_is_refused_with_its_commit(tmp_path: Path) -> None:
    config = small("state", steps=200)
    train(config, tmp_path / "run")
    for name in ("last", "best"):
        shutil.rmtree(tmp_path / "run" / "checkpoint" / name)
        (tmp_path / "run" / "checkpoint" / f"{name}.pt").write_bytes(b"a file of torch")
    with pytest.raises(ConfigError, match=r"last\.pt was saved by an older version.*the commit named"):
        train(with_fields(config, {"steps": 400}), tmp_path / "run", resume=True)
    with pytest.raises(ConfigError, match=r"best\.pt was saved by an older version"):
        read_best(tmp_path / "run")


def test_a_run_folder_holds_what_it_should(tmp_path: Path) -> None:
    train(small("pixels", steps=400), tmp_path / "run")
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    for key in [
        "env",
        "obs",
        "preset",
        "seed",
        "env_steps",
        "updates",
        "episodes",
        "train_seconds",
        "eval_episodes",
        "eval_mean",
        "eval_std",
        "eval_min",
        "solved",
        "steps_to_solve",
        "seconds_to_solve",
    ]:
        assert key in summary
    assert summary["env_steps"] == 400
    assert summary["updates"] == (400 - 100) // 4
    assert {p.name for p in (tmp_path / "run" / "checkpoint").iterdir()} == {"best", "last"}
    stamp = json.loads((tmp_path / "run" / "config.json").read_text())
    assert from_dict(stamp["config"]) == small("pixels", steps=400)
    assert stamp["versions"]["torch"]


@pytest.mark.parametrize("num_envs", [1, 3, 8])
def test_updates_follow_steps_whatever_the_number_of_environments(num_envs: int, tmp_path: Path) -> None:
    """At 480 steps, from step 100 on, every 4: 95."""
    config = small("state", steps=480, **{"env.num_envs": num_envs})
    assert train(config, tmp_path / "run").progress.updates == 95


def test_the_chapters_clock_counts_episodes(tmp_path: Path) -> None:
    """6 episodes, 5 updates after each, the target copied once, ε as the book has it."""
    fields = {"schedule.episodes": 6, "schedule.gradient_steps": 5, "evaluation.every": 10_000}
    config = with_fields(preset_config("chapter", "CartPole-v1", "state"), fields)
    trainer = train(config, tmp_path / "run")
    assert trainer.progress.episodes == 6
    assert trainer.progress.updates == 30
    assert trainer.progress.target_copies == 1
    assert trainer.clock.epsilon == pytest.approx(0.5 + (0.005 - 0.5) * 6 / 99)


@pytest.mark.parametrize("env", ["Acrobot-v1", "MountainCar-v0"])
def test_other_environments_take_the_same_way(env: str, tmp_path: Path) -> None:
    once = {"evaluation.every": 400, "evaluation.episodes": 1, "evaluation.solved_episodes": 1}
    trainer = train(small("pixels", env=env, steps=300, **once), tmp_path / "run")
    assert trainer.progress.updates == 50


def test_the_best_checkpoint_is_what_is_loaded_and_evaluated(tmp_path: Path) -> None:
    train(small("state", steps=400), tmp_path / "run")
    agent, best = agents.load(tmp_path / "run"), read_best(tmp_path / "run")
    assert agent.checkpoint.env_steps <= 400
    assert_same(dict(agent.policy.network.state_dict()), dict(best.agent))
    first, again = (agents.evaluate(tmp_path / "run", 3, seed=0) for _ in range(2))
    np.testing.assert_array_equal(first.returns, again.returns)


def test_evaluation_gives_each_environment_a_fixed_share() -> None:
    """Two environments whose episodes last 2 and 30 steps: two returns of each."""
    import gymnasium as gym

    envs = [gym.wrappers.TimeLimit(Counter(), limit) for limit in (2, 30)]
    score = evaluate(SerialVectorEnv(envs, [0, 0]), Constant(), 4)
    assert score.returns.tolist() == [3.0, 3.0, 45.0, 45.0]
    assert score.lengths.tolist() == [2, 2, 30, 30]
    assert score.truncated == 4
    assert score.summary()["mean"] == 24.0


def test_configuration_survives_json() -> None:
    for preset, env in (("fast", "CartPole-v1"), ("chapter", "Acrobot-v1")):
        config = preset_config(preset, env, "pixels")
        assert from_dict(json.loads(json.dumps(to_dict(config)))) == config


def test_a_configuration_of_an_older_version_gets_defaults_and_of_a_newer_one_a_sentence() -> None:
    values = to_dict(Config())
    del values["env"]["repeat_action_probability"]
    assert from_dict(values) == Config()
    with pytest.raises(ConfigError, match=r"does not fit this version \(fields: colour\)"):
        from_dict(to_dict(Config()) | {"colour": "red"})


@pytest.mark.parametrize("damage", ["a missing part", "a priority that is no number"])
def test_a_checkpoint_that_does_not_fit_is_refused_with_a_sentence(damage: str, tmp_path: Path) -> None:
    config = small("state", "prioritized", steps=200)
    train(config, tmp_path / "run")
    path = tmp_path / "run" / "checkpoint" / "last"
    saved = checkpoint.load(path)
    if damage == "a missing part":
        del saved["trainer"]["memory"]["cursor"]
    else:
        sampler = saved["trainer"]["memory"]["sampler"]
        sampler["priorities"] = np.asarray(sampler["priorities"]) * float("nan")
    Store(path).save(saved, {})
    with pytest.raises(ConfigError, match="does not fit this version"):
        train(with_fields(config, {"steps": 400}), tmp_path / "run", resume=True)


@pytest.mark.slow
@pytest.mark.parametrize("obs", ["state", "pixels"])
def test_toy_is_solved_through_the_same_trainer(obs: str, tmp_path: Path) -> None:
    fields = {"env.size": (40, 100), "env.frame_stack": 1} if obs == "pixels" else {}
    config = with_fields(preset_config("fast", TOY, obs), {"steps": 20_000, **fields})
    assert train(config, tmp_path / "run").progress.steps_to_solve


@pytest.mark.slow
def test_cartpole_is_solved_from_its_state(tmp_path: Path) -> None:
    trainer = train(preset_config("fast", "CartPole-v1", "state"), tmp_path / "run")
    assert trainer.progress.steps_to_solve
    assert agents.evaluate(tmp_path / "run", 100, seed=0).mean >= 450


def test_two_processes_cannot_train_in_one_folder(tmp_path: Path) -> None:
    config = small("state", steps=100)
    first = RunFolder(tmp_path / "run", config, resume=False)
    first.open(resume=EXACT)
    with pytest.raises(ConfigError, match="Another process is training in"):
        RunFolder(tmp_path / "run", config, resume=True).open(resume=EXACT)
    first.close()
    second = RunFolder(tmp_path / "run", config, resume=True)
    second.open(resume=EXACT)
    second.close()


def test_a_run_at_work_again_has_no_summary(tmp_path: Path) -> None:
    train(small("state", steps=200), tmp_path / "run")
    assert (tmp_path / "run" / "summary.json").exists()
    folder = RunFolder(tmp_path / "run", small("state", steps=400), resume=True)
    folder.open(resume=EXACT)
    folder.close()
    assert not (tmp_path / "run" / "summary.json").exists()


def test_metrics_after_the_checkpoint_are_dropped_when_a_run_is_resumed(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    log = JsonLines(path)
    log.log(1, {"x": 1.0})
    size = path.stat().st_size
    log.log(2, {"x": 2.0})
    log.close()
    resumed = JsonLines(path, size)
    assert path.stat().st_size == size
    resumed.log(2, {"x": 3.0})
    resumed.close()
    assert path.read_bytes()[size:] == b'{"env_steps": 2, "x": 3.0}\n'


@pytest.mark.parametrize(("preset", "by_budget"), [("prioritized", True), ("dqn", False)])
def test_resuming_with_another_budget_names_the_values_that_follow_it(
    preset: str, by_budget: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The importance-sampling exponent rises over the budget; nothing of plain DQN follows it."""
    train(small("state", preset, steps=200), tmp_path / "run")
    train(small("state", preset, steps=300), tmp_path / "run", resume=True)
    assert ("resumed with another --steps" in capsys.readouterr().err) == by_budget
    train(small("state", preset, steps=300), tmp_path / "run", resume=True)
    assert "another --steps" not in capsys.readouterr().err
