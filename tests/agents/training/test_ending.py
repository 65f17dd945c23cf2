"""Ends of runs: thresholds, stops, limits of episodes, divergence."""

import json
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

import agents
from agents.build import build_trainer
from agents.config import Config, ConfigError, with_fields
from agents.runs import checkpoint
from agents.runs.checkpoint import read_best
from agents.runs.folder import RunFolder
from agents.runs.reader import read_summary
from agents.runs.summary import Summary
from agents.training.launch import ProgressBar, complete
from tests.small_runs import assert_same, assert_same_run, metrics, small, summary_of, train

ENDLESS = "CliffWalking-v1"  # no time limit; a bad greedy agent walks in a circle


def resume(folder: Path, config: Config, **fields: object) -> Summary:
    """Resume the run under changed fields; return its new summary."""
    train(with_fields(config, fields), folder, resume=True)
    return summary_of(folder)


@pytest.fixture
def reached(tmp_path: Path) -> tuple[Path, Config]:
    """A run that reached a threshold of 5, which nobody misses in CartPole, at its first evaluation."""
    config = small("state", steps=400, reward_threshold=5.0)
    train(config, tmp_path / "run")
    summary = summary_of(tmp_path / "run")
    assert (summary.solved, summary.reached_threshold, summary.steps_to_solve) == (True, 5.0, 200)
    return tmp_path / "run", config


def test_a_higher_threshold_has_yet_to_be_reached(reached: tuple[Path, Config]) -> None:
    summary = resume(*reached, reward_threshold=501.0)
    assert (summary.solved, summary.reached_threshold, summary.steps_to_solve) == (False, None, None)
    assert summary.seconds_to_solve is None and summary.env_steps == 400


def test_a_reached_threshold_is_remembered_without_another(reached: tuple[Path, Config]) -> None:
    summary = resume(*reached, reward_threshold="none")
    assert (summary.solved, summary.reached_threshold, summary.steps_to_solve) == (None, 5.0, 200)
    assert summary.env_steps == 400


def test_a_lower_threshold_was_reached_with_the_higher_one(reached: tuple[Path, Config]) -> None:
    summary = resume(*reached, reward_threshold=4.0)
    assert (summary.solved, summary.reached_threshold, summary.steps_to_solve) == (True, 5.0, 200)
    assert summary.env_steps == 200


def test_a_spent_budget_is_evaluated_again_under_a_lower_threshold(tmp_path: Path) -> None:
    config = small("state", steps=400, reward_threshold=501.0)
    train(config, tmp_path / "run")
    assert summary_of(tmp_path / "run").solved is False
    summary = resume(tmp_path / "run", config, reward_threshold=5.0)
    assert (summary.solved, summary.reached_threshold, summary.steps_to_solve) == (True, 5.0, 400)


class StopAfter:
    """A request to stop from the `last`-th call on."""

    def __init__(self, last: int | None = None) -> None:
        self.times, self.last = 0, last

    def __call__(self) -> bool:
        self.times += 1
        return self.last is not None and self.times >= self.last


def calls_before(stage: str, config: Config, folder: Path) -> int:
    """Train a whole run; return the number of calls some steps into the first time of a stage."""
    stop, at = StopAfter(), []

    def report(current: str) -> None:
        if current.startswith(stage):
            at.append(stop.times)

    with closing(RunFolder(folder, config, resume=False)) as output:
        trainer = build_trainer(config, output)
        trainer.run(stop, report)
        if stage == "measuring":
            at.append(stop.times)
        output.finish(trainer.evaluation.summarize(read_best(folder), trainer.stopwatch, stop))
    return at[0] + 4


@pytest.mark.parametrize("obs", ["state", "pixels"])
@pytest.mark.parametrize("stage", ["evaluating", "confirming", "measuring"])
def test_a_run_stopped_during_an_evaluation_resumes_exactly(stage: str, obs: str, tmp_path: Path) -> None:
    config = small(obs, steps=400, reward_threshold=5.0 if stage == "confirming" else "none")
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    last = calls_before(stage, config, whole)
    for stop, finished in ((StopAfter(last), False), (StopAfter(), True)):
        with closing(RunFolder(halves, config, resume=True)) as folder:
            assert (complete(build_trainer(config, folder), folder, stop) is not None) is finished
        assert (read_summary(halves) is not None) is finished
    assert_same_run(whole, halves)
    assert_same(asdict(summary_of(whole)), asdict(summary_of(halves)))


def test_an_episode_without_a_time_limit_is_truncated_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An untrained greedy agent walks forever: both episodes are cut off after 30 steps."""
    fields = {"evaluation.max_steps": 30, "schedule.learning_starts": 100, "evaluation.every": 40}
    train(small("state", env=ENDLESS, steps=40, **fields), tmp_path / "run")
    [entry] = [row for row in metrics(tmp_path / "run") if "return/eval" in row]
    assert entry["truncated/eval"] == 2 and entry["length/eval"] == 30
    output = capsys.readouterr().err
    assert f"{ENDLESS} is registered without a time limit" in output and "after 30 steps" in output


@pytest.mark.parametrize("epsilon", [0.0, 0.2])
def test_greedy_play_is_reported_beside_evaluations_with_random_actions(
    epsilon: float, tmp_path: Path
) -> None:
    """In the metrics, the summary and the closing line; the best checkpoint is that of the protocol."""
    config = small("state", steps=400, **{"evaluation.epsilon": epsilon})
    trainer = train(config, tmp_path / "run")
    rows, summary = metrics(tmp_path / "run"), summary_of(tmp_path / "run")
    greedy = [row["return/greedy"] for row in rows if "return/greedy" in row]
    sentence = summary.sentence(tmp_path / "run")
    assert summary.eval_epsilon == epsilon
    if not epsilon:
        assert (greedy, summary.greedy_mean) == ([], None)
        assert "(mean of 3 greedy episodes) after" in sentence
        return
    assert len(greedy) == len([row for row in rows if "return/eval" in row]) == 2
    assert trainer.progress.last_greedy == greedy[-1]
    assert (
        summary.eval_at_step
        == max((row["return/eval"], row["env_steps"]) for row in rows if "return/eval" in row)[1]
    )
    assert summary.greedy_mean is not None and summary.greedy_min is not None
    assert summary.greedy_min <= summary.greedy_mean
    assert f"(mean of 3 episodes with ε 0.2; {summary.greedy_mean:.1f} when greedy) after" in sentence


@pytest.mark.parametrize("preset", ["dqn", "prioritized", "c51"])
def test_a_run_that_diverges_ends_in_a_sentence_and_keeps_what_was_saved(
    preset: str, tmp_path: Path
) -> None:
    """Saved after each round; the newest checkpoint is from before the numbers left all bounds."""
    config = small("state", preset, steps=2_000, checkpoint_seconds=0.0)
    config = with_fields(config, {"learning.learning_rate": 1e30, "learning.learning_rate_end": None})
    with pytest.raises(ConfigError, match=r"Training has diverged: after [\d,]+ steps"):
        train(config, tmp_path / "run")
    saved = checkpoint.load(tmp_path / "run" / "checkpoint" / "last")
    assert saved["env_steps"] <= 120


@pytest.mark.parametrize("every", [104, 120])
def test_a_run_from_pixels_whose_divergence_is_met_by_an_evaluation_ends_in_a_sentence(
    every: int, tmp_path: Path
) -> None:
    """Learning begins after 100 steps; nothing is logged before."""
    config = small("pixels", "dqn", steps=2_000, log_every=10**6, **{"evaluation.every": every})
    config = with_fields(config, {"learning.learning_rate": 1e30, "learning.learning_rate_end": None})
    with pytest.raises(ConfigError, match=r"Training has diverged: after [\d,]+ steps"):
        train(config, tmp_path / "run")


def test_the_bar_names_the_stage_and_shows_no_score_before_there_is_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = small("state", steps=100)
    with closing(RunFolder(tmp_path / "run", config, resume=False)) as folder:
        bar = ProgressBar(build_trainer(config, folder))
        bar("evaluating")
        bar.close()
    line = capsys.readouterr().err
    assert "now=evaluating" in line
    assert "score" not in line and "nan" not in line


def test_the_bar_shows_the_number_of_episodes_of_its_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = train(small("state", steps=200), tmp_path / "run")
    episodes = trainer.progress.last_episodes
    capsys.readouterr()
    bar = ProgressBar(trainer)
    bar("evaluating")
    bar.close()
    assert episodes > 1 and f"({episodes} episodes)" in capsys.readouterr().err


def test_the_bar_counts_steps_if_steps_end_a_run_whose_clock_counts_episodes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = {"schedule.episodes": None, "schedule.gradient_steps": 1, "schedule.learning_starts": 0}
    train(small("state", "chapter", steps=40, **fields), tmp_path / "run")
    assert "40/40" in capsys.readouterr().err


def test_the_log_of_truncations_counts_those_of_the_environment_too(tmp_path: Path) -> None:
    """MountainCar's own limit of 200 steps ends every game of a beginner."""
    config = small("state", env="MountainCar-v0", steps=200)
    train(config, tmp_path / "run")
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [row["truncated/eval"] for row in rows if "truncated/eval" in row] == [2.0]


def test_a_memory_of_open_size_is_resumed_with_its_capacity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much memory is free by then."""
    config = small("state", steps=200, **{"memory.capacity": None})
    for free, steps in ((5_000_000, 200), (9_000_000, 400)):
        available = psutil.virtual_memory()._replace(available=free)
        monkeypatch.setattr(psutil, "virtual_memory", lambda available=available: available)
        summary = agents.train(with_fields(config, {"steps": steps}), tmp_path / "run", resume=True)
        assert summary is not None and summary.env_steps == steps
