"""References of a run, and its comparison with them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.analysis.references import make_band, on_track, published, read_bands, write_bands
from agents.cli.train import Train
from agents.config import flatten, to_dict
from agents.config.presets import preset_config
from agents.runs.reader import Curve, Run
from agents.runs.summary import Summary

CONFIG: dict[str, Any] = flatten(to_dict(preset_config("dqn", "CartPole-v1", "state")))


def curve(*values: float) -> Curve:
    steps = 1000 * np.arange(1, len(values) + 1)
    return Curve(steps, np.array(values, float), steps / 100)


def summary_at(solved: int | None, env_steps: int = 0) -> Summary:
    return Summary(
        env_steps=env_steps,
        eval_mean=487.7,
        final_mean=487.7,
        solved=solved is not None,
        steps_to_solve=solved,
    )


def run(solved: int | None, *values: float, **changed: Any) -> Run:
    summary = summary_at(solved, solved or 1000 * len(values))
    config = CONFIG | {name.replace("__", "."): value for name, value in changed.items()}
    return Run(Path("x"), config, {"return/eval": curve(*values)}, summary, "abc")


def verdicts(config: dict[str, Any], score: Curve, summary: Summary | None, bands: Path) -> list[str]:
    return on_track(Run(Path("x"), config, {"return/eval": score}, summary, "abc"), bands)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file of bands of two runs: 100, 300, 300 and 200, 400, 500, solved after 2,000 and 3,000 steps."""
    path = tmp_path / "bands.json"
    path.write_text("[]\n")
    write_bands([[run(2000, 100, 300), run(3000, 200, 400, 500)]], path)
    return path


def test_a_band_holds_the_extremes_and_a_run_that_ended_holds_its_score() -> None:
    band = make_band([run(2000, 100, 300), run(3000, 200, 400, 500)])
    assert band.steps[-1] == 3000 and (band.low[-1], band.middle[-1], band.high[-1]) == (300, 400, 500)
    at = band.steps.index(1500)
    assert (band.low[at], band.high[at]) == (200, 300)
    assert (band.solved, band.seeds, band.commit) == ((2000, 3000), 2, "abc")


@pytest.mark.parametrize(("solved", "word"), [(1000, "Ahead"), (2500, "On track"), (9000, "Behind")])
def test_a_solved_run_is_compared_by_its_steps(solved: int, word: str, own: Path) -> None:
    sentence = verdicts(CONFIG, curve(100, 500), summary_at(solved), own)[0]
    assert sentence == (
        f"{word}: solved after {solved:,} steps; this project's 2 runs (commit abc) took 2,000 to 3,000."
    )


@pytest.mark.parametrize(("score", "word"), [(50.0, "Behind"), (350.0, "On track"), (450.0, "Ahead")])
def test_an_unfinished_run_is_compared_by_its_score_at_its_step(score: float, word: str, own: Path) -> None:
    [sentence] = verdicts(CONFIG, curve(10, score), None, own)
    assert sentence.startswith(f"{word}: the last evaluation, after 2,000 steps, had {score:.1f}")
    assert "had 290.0 to 400.0 there" in sentence


def test_a_run_is_compared_by_its_score_if_its_threshold_differs(own: Path) -> None:
    [sentence] = verdicts(CONFIG | {"reward_threshold": 100.0}, curve(350), summary_at(1000), own)
    assert sentence.startswith("Ahead: the last evaluation, after 1,000 steps, had 350.0")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("preset", "nature"),
        ("env.obs", "pixels"),
        ("env.protocol", "machado"),
        ("network.hidden", ()),
        ("learning.learning_rate", 1.0),
        ("env.action_repeat", 2),
        ("evaluation.every", 500),
    ],
)
def test_a_band_holds_for_the_settings_of_its_own_runs_only(name: str, value: Any, own: Path) -> None:
    assert verdicts(CONFIG | {name: value}, curve(10, 20), None, own) == []
    assert verdicts(CONFIG | {"env.id": "Acrobot-v1"}, curve(1, 2), None, own) == []


@pytest.mark.parametrize("name", ["seed", "threads", "evaluation.video_frames", "steps"])
def test_a_band_holds_whatever_the_seed_and_what_decides_nothing(name: str, own: Path) -> None:
    assert len(verdicts(CONFIG | {name: 7}, curve(10, 20), None, own)) == 1


def test_the_budget_decides_where_the_learning_rate_follows_it(tmp_path: Path) -> None:
    path = tmp_path / "bands.json"
    path.write_text("[]\n")
    write_bands([[run(2000, 100, 300, learning__learning_rate_end=1e-4)]], path)
    falling = CONFIG | {"learning.learning_rate_end": 1e-4}
    assert len(verdicts(falling, curve(10, 20), None, path)) == 1
    assert verdicts(falling | {"steps": 7}, curve(10, 20), None, path) == []


def test_a_run_shorter_than_its_first_evaluation_is_not_compared(own: Path) -> None:
    """A run of 100 steps is evaluated at its end; the band knows nothing of before 1,000 steps."""
    early = Curve(np.array([100]), np.array([99.7]), np.array([0.1]))
    assert verdicts(CONFIG, early, None, own) == []


def test_settings_added_later_have_their_defaults_in_older_bands(own: Path) -> None:
    rows = json.loads(own.read_text())
    del rows[0]["settings"]["evaluation.max_steps"]
    own.write_text(json.dumps(rows))
    assert len(verdicts(CONFIG, curve(10, 20), None, own)) == 1
    assert verdicts(CONFIG | {"evaluation.max_steps": 7}, curve(10, 20), None, own) == []


def test_new_bands_replace_those_of_the_same_preset_only(own: Path) -> None:
    write_bands([[run(5000, 1, 2)]], own)
    assert [band.solved for band in read_bands(own)] == [(5000,)]


def test_a_solved_run_is_compared_with_published_numbers_with_its_own_score() -> None:
    """The score is the summary's, as in the run's closing line."""
    sentences = published([run(2000, 10, 480.5)])
    assert len(sentences) == 2
    assert sentences[0].startswith("Published for CartPole-v1 from state: 500 after 50,000 steps")
    assert sentences[0].endswith("here 487.7 within 2,000.")


def test_several_runs_have_each_published_number_once() -> None:
    sentences = published([run(2000, 10, 480.5), run(3000, 10, 20, 490.0)])
    assert len(sentences) == 2 and not any("here" in sentence for sentence in sentences)


def test_a_run_that_is_shorter_than_a_published_one_is_not_compared_with_it() -> None:
    """Unsolved after 60,000 steps, it can be held against one of 50,000, not one of 500,000."""
    assert published([run(None, 10, 20)]) == []
    [sentence] = published([run(None, *[20.0] * 60)])
    assert "rl-zoo3" in sentence


@pytest.mark.parametrize(("name", "value"), [("env.protocol", "ale-v5"), ("env.mode", 1)])
def test_a_run_by_other_rules_is_not_compared_with_published_numbers(name: str, value: Any) -> None:
    pong = {"env.id": "ALE/Pong-v5", "env.obs": "pixels", "env.protocol": "nature"}
    variants = [run(2000, 1, 2)._replace(config=CONFIG | pong | extra) for extra in ({}, {name: value})]
    assert [len(published([one])) for one in variants] == [2, 0]


@pytest.mark.parametrize(
    "option", [["--network.hidden", "8"], ["--learning.learning-rate", "9"], ["--env.action-repeat", "2"]]
)
def test_no_committed_band_holds_for_a_changed_preset(option: list[str]) -> None:
    plain = flatten(to_dict(Train.parse(["--obs", "state"]).config))
    changed = flatten(to_dict(Train.parse(["--obs", "state", *option]).config))
    holding = [[band.holds_for(config) for band in read_bands()] for config in (plain, changed)]
    assert [sum(held) for held in holding] == [1, 0]


def test_the_committed_bands_can_be_read() -> None:
    for band in read_bands():
        assert len(band.steps) == len(band.low) == len(band.middle) == len(band.high)
        assert all(
            low <= middle <= high
            for low, middle, high in zip(band.low, band.middle, band.high, strict=True)
        )
