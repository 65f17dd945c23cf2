"""How a run ends: at its reward threshold, at a wish to stop, at the bounds of an episode, in divergence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.build import build_trainer
from agents.config import Config, ConfigError, with_fields
from agents.runs import checkpoint
from agents.runs.documents import read_summary
from agents.runs.folder import RunFolder, read_best
from agents.training.launch import ProgressBar, complete, summarize
from tests.agents.training.test_training import assert_same_run, metrics, same, small, train

ENDLESS = "CliffWalking-v1"  # no time limit, and a bad greedy player walks in a circle for ever


def summary_of(folder: Path) -> dict[str, Any]:
    found = read_summary(folder)
    assert found is not None
    return found


def go_on(folder: Path, config: Config, **fields: Any) -> dict[str, Any]:
    """Goes on with the run under changed fields; returns its new summary."""
    train(with_fields(config, fields), folder, resume=True)
    return summary_of(folder)


@pytest.fixture
def reached(tmp_path: Path) -> tuple[Path, Config]:
    """A run that reached a reward threshold of 5, which nobody misses in CartPole, at its first evaluation."""
    config = small("state", steps=400, reward_threshold=5.0)
    train(config, tmp_path / "run")
    found = summary_of(tmp_path / "run")
    assert (found["solved"], found["reached_threshold"], found["steps_to_solve"]) == (True, 5.0, 200)
    return tmp_path / "run", config


def test_a_higher_mark_starts_anew(reached: tuple[Path, Config]) -> None:
    found = go_on(*reached, reward_threshold=501.0)
    assert (found["solved"], found["reached_threshold"], found["steps_to_solve"]) == (False, None, None)
    assert found["seconds_to_solve"] is None and found["env_steps"] == 400


def test_a_reached_mark_stands_with_its_value_where_there_is_no_other(reached: tuple[Path, Config]) -> None:
    found = go_on(*reached, reward_threshold="none")
    assert (found["solved"], found["reached_threshold"], found["steps_to_solve"]) == (None, 5.0, 200)
    assert found["env_steps"] == 400


def test_a_lower_mark_was_reached_with_the_higher_one(reached: tuple[Path, Config]) -> None:
    found = go_on(*reached, reward_threshold=4.0)
    assert (found["solved"], found["reached_threshold"], found["steps_to_solve"]) == (True, 5.0, 200)
    assert found["env_steps"] == 200


class Asked:
    """A question to stop that is answered by yes from its `last`th time on."""

    def __init__(self, last: int | None = None) -> None:
        self.times, self.last = 0, last

    def __call__(self) -> bool:
        self.times += 1
        return self.last is not None and self.times >= self.last


def ask_in(stage: str, config: Config, folder: Path) -> int:
    """Trains a whole run; returns how often it had asked some steps into the stage's first time."""
    asked = Asked()
    at: list[int] = []
    output = RunFolder(folder, config, resume=False)
    trainer, evaluator = build_trainer(config, output)

    def report(now: str) -> None:
        if now.startswith(stage):
            at.append(asked.times)

    trainer.run(asked, report)
    if stage == "measuring":
        at.append(asked.times)
    output.summarize(summarize(trainer, evaluator, read_best(folder), asked))
    output.close()
    return at[0] + 4


@pytest.mark.parametrize("obs", ["state", "pixels"])
@pytest.mark.parametrize("stage", ["evaluating", "confirming", "measuring"])
def test_a_run_stopped_in_the_middle_of_play_goes_on_as_if_it_had_not_been(
    stage: str, obs: str, tmp_path: Path
) -> None:
    config = small(obs, steps=400, reward_threshold=5.0 if stage == "confirming" else "none")
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    last = ask_in(stage, config, whole)
    for asked, done in ((Asked(last), False), (Asked(), True)):
        folder = RunFolder(halves, config, resume=True)
        trainer, evaluator = build_trainer(config, folder)
        assert complete(trainer, evaluator, folder, asked) is done
        assert (read_summary(halves) is not None) is done
        folder.close()
    assert_same_run(whole, halves)
    same(summary_of(whole), summary_of(halves))


def test_an_episode_without_a_time_limit_is_cut_off_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of an untrained agent's greedy games, all walk on for ever: both are cut off after 30 steps."""
    fields = {"evaluation.max_steps": 30, "schedule.learning_starts": 100, "evaluation.every": 40}
    train(small("state", env=ENDLESS, steps=40, **fields), tmp_path / "run")
    [told] = [row for row in metrics(tmp_path / "run") if "return/eval" in row]
    assert told["truncated/eval"] == 2 and told["length/eval"] == 30
    said = capsys.readouterr().err
    assert f"{ENDLESS} is registered without a time limit" in said and "after 30 steps" in said


@pytest.mark.parametrize("preset", ["dqn", "prioritized", "c51"])
def test_a_run_that_diverges_ends_in_a_sentence_and_keeps_what_was_saved(
    preset: str, tmp_path: Path
) -> None:
    """Saved after each round; the newest checkpoint is from before the numbers left all bounds."""
    config = small("state", preset, steps=2_000, checkpoint_seconds=0.0)
    config = with_fields(config, {"learning.learning_rate": 1e30, "learning.learning_rate_end": None})
    with pytest.raises(ConfigError, match=r"Training has diverged: after [\d,]+ steps"):
        train(config, tmp_path / "run")
    saved = checkpoint.load(tmp_path / "run" / "checkpoint" / "last.pt")
    assert saved["output"]["env_steps"] <= 120


@pytest.mark.parametrize("every", [104, 120])
def test_a_run_from_pixels_whose_divergence_is_met_by_an_evaluation_ends_in_a_sentence(
    every: int, tmp_path: Path
) -> None:
    """Learning begins after 100 steps; nothing is logged before."""
    config = small("pixels", "dqn", steps=2_000, log_every=10**6, **{"evaluation.every": every})
    config = with_fields(config, {"learning.learning_rate": 1e30, "learning.learning_rate_end": None})
    with pytest.raises(ConfigError, match=r"Training has diverged: after [\d,]+ steps"):
        train(config, tmp_path / "run")


def bar_of(config: Config, folder: Path, use: Callable[[ProgressBar], None]) -> None:
    """Has a bar of a trainer that has not begun used."""
    output = RunFolder(folder, config, resume=False)
    trainer, _ = build_trainer(config, output)
    bar = ProgressBar(trainer)
    use(bar)
    bar.close()
    output.close()


def test_the_bar_names_the_stage_and_shows_no_score_before_there_is_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bar_of(small("state", steps=100), tmp_path / "run", lambda bar: bar("evaluating"))
    shown = capsys.readouterr().err
    assert "now=evaluating" in shown
    assert "score" not in shown and "nan" not in shown


def test_the_bar_says_over_how_many_episodes_its_score_is(tmp_path: Path) -> None:
    output = RunFolder(tmp_path / "run", small("state", steps=200), resume=False)
    trainer, _ = build_trainer(output.config, output)
    trainer.run(lambda: False)
    bar = ProgressBar(trainer)
    episodes = trainer.progress.last_episodes
    assert episodes > 1 and f"({episodes} episodes)" in bar._shown("")["score"]
    bar.close()
    output.close()


def test_the_bar_counts_steps_where_steps_end_a_run_whose_clock_counts_episodes(tmp_path: Path) -> None:
    fields = {"schedule.episodes": None, "schedule.gradient_steps": 1, "schedule.learning_starts": 0}
    config = small("state", "chapter", steps=40, **fields)
    output = RunFolder(tmp_path / "run", config, resume=False)
    trainer, _ = build_trainer(config, output)
    bar = ProgressBar(trainer)
    trainer.run(lambda: False, bar)
    bar("")
    assert (bar._bar.n, bar._bar.total, bar._bar.unit) == (40, 40, " steps")
    bar.close()
    output.close()


def test_the_log_of_truncations_counts_those_of_the_environment_too(tmp_path: Path) -> None:
    """MountainCar's own limit of 200 steps ends every game of a beginner."""
    config = small("state", env="MountainCar-v0", steps=200)
    train(config, tmp_path / "run")
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [row["truncated/eval"] for row in rows if "truncated/eval" in row] == [2.0]
