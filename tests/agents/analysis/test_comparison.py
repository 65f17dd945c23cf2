"""From run folders to a comparison."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from agents.analysis.curves import grid, interpolate
from agents.analysis.groups import group_runs
from agents.config import ConfigError
from agents.report.page import console_table, render
from agents.report.text import cautions, headlines
from agents.runs.reader import find_runs, read_curves, read_run
from tests.runs import compared, write_run


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = write_run(
        tmp_path / "a", scores=[10, 20, 480], seconds=2.5, tags={"probe/r2_x": [0.1, 0.2, 0.3]}
    )
    run = read_run(path)
    assert run.score.steps.tolist() == [1000, 2000, 3000]
    assert run.score.values.tolist() == [10, 20, 480]
    assert run.score.seconds.tolist() == [2.5, 5, 7.5]
    assert run.curves["return/solved"].steps.tolist() == [3000]
    assert run.curves["probe/r2_x"].values.tolist() == [0.1, 0.2, 0.3]
    assert run.config["env.obs"] == "state" and run.finished and run.solved
    assert read_curves(path, ("epsilon",))["epsilon"].values.tolist() == [0.02] * 3
    assert read_curves(path, ("return/nothing",)) == {}


def test_a_folder_above_runs_stands_for_all_runs_below_it(tmp_path: Path) -> None:
    for seed in (10, 2, 1):
        write_run(tmp_path / "dqn" / f"seed{seed}", seed=seed)
    paths = find_runs([tmp_path / "dqn" / ".." / "dqn" / "seed1", tmp_path])
    assert [path.name for path in paths] == ["seed1", "seed2", "seed10"]


def test_the_incomplete_line_of_an_unfinished_run_is_left_out(tmp_path: Path) -> None:
    path = write_run(tmp_path / "a", scores=[10, 20], finished=False)
    with (path / "metrics.jsonl").open("a") as file:
        file.write('{"env_steps": 3000, "return/ev')
    run = read_run(path)
    assert run.score.values.tolist() == [10, 20] and not run.finished


def test_a_run_that_goes_on_past_its_summary_is_unfinished(tmp_path: Path) -> None:
    path = write_run(tmp_path / "a", scores=[10, 20])
    with (path / "metrics.jsonl").open("a") as file:
        file.write('{"env_steps": 3000, "return/eval": 30}\n')
    assert not read_run(path).finished


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("metrics.jsonl", '{"env_steps": 1, "return/eval": 2}\nnonsense\n', "damaged in line 2"),
        ("metrics.jsonl", "[]\n", "damaged in line 1"),
        ("metrics.jsonl", "", "no evaluation yet"),
        ("metrics.jsonl", '{"env_steps": 1, "epsilon": 1.0}\n', "no evaluation yet"),
        ("config.json", "{", "config.json is damaged"),
        ("config.json", "[]", "config.json is damaged"),
        ("config.json", '{"config": {"env": {"size": 3}}}', "configuration is damaged (env.size is 3)"),
        ("config.json", "[" * 200_000, "config.json is damaged"),
        ("config.json", '{"config": {"env": {"size": [84, NaN]}}}', "configuration is damaged"),
        ("metrics.jsonl", '{"env_steps": 1, "return/eval": "much"}\n', "damaged in line 1"),
        ("metrics.jsonl", '{"env_steps": ' + "9" * 9_000 + "}\n", "damaged in line 1"),
        ("metrics.jsonl", "[" * 200_000 + "\n", "damaged in line 1"),
        ("summary.json", "[1, 2]", "summary.json is damaged (list in place of an object)"),
        ("summary.json", '{"env_steps": "many"}', "eval_mean, final_mean"),
        ("summary.json", "\xff", "summary.json is damaged"),
    ],
)
def test_a_damaged_run_is_one_sentence(file: str, text: str, sentence: str, tmp_path: Path) -> None:
    path = write_run(tmp_path / "a")
    (path / file).write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        read_run(path)


def test_a_run_without_metrics_is_refused(tmp_path: Path) -> None:
    path = write_run(tmp_path / "a")
    (path / "metrics.jsonl").unlink()
    with pytest.raises(ConfigError, match="holds no run"):
        read_run(path)


def test_groups_differ_in_preset_observation_and_any_other_field(tmp_path: Path) -> None:
    write_run(tmp_path / "1", obs="pixels", seed=1)
    write_run(tmp_path / "2", seed=1, returns__n_step=1)
    write_run(tmp_path / "3", seed=2, returns__n_step=3)
    write_run(tmp_path / "4", seed=3, returns__n_step=3, threads=2, log_every=77)
    groups = group_runs([read_run(path) for path in find_runs([tmp_path])])
    assert {group.method: len(group.runs) for group in groups} == {
        "dqn, pixels": 1,
        "dqn, state, returns.n-step 1": 1,
        "dqn, state, returns.n-step 3": 2,
    }


@pytest.mark.parametrize("finished", [True, False])
def test_the_typical_run_of_a_group_is_its_median(finished: bool, tmp_path: Path) -> None:
    """With or without summaries; an unfinished run counts only where none is finished."""
    for seed, score in enumerate([30, 10, 20], 1):
        write_run(tmp_path / str(seed), seed=seed, scores=[score], finished=finished)
    if finished:
        write_run(tmp_path / "4", seed=4, scores=[40], finished=False)
    (group,) = group_runs([read_run(path) for path in find_runs([tmp_path])])
    assert group.typical.best_score == 20


def test_a_method_has_one_name_in_every_environment(tmp_path: Path) -> None:
    for i, (env, n) in enumerate([("CartPole-v1", 1), ("CartPole-v1", 3), ("Acrobot-v1", 3)]):
        write_run(tmp_path / str(i), env=env, returns__n_step=n)
    groups = group_runs([read_run(path) for path in find_runs([tmp_path])])
    assert [group.method for group in groups if group.environment == "Acrobot-v1"] == [groups[1].method]


def test_the_ratio_is_that_of_the_median_times(both: Path) -> None:
    """Medians: 19,000 and 10,000 steps; 28.5 and 2 seconds."""
    (ratio,) = compared(both).tasks[0].ratios
    assert ratio.steps.point == pytest.approx(1.9)
    assert ratio.seconds.point == pytest.approx(28.5 / 2)
    assert ratio.steps.low < 1.9 < ratio.steps.high


def test_runs_that_never_reached_the_threshold_are_counted(tmp_path: Path) -> None:
    for seed, scores in enumerate(([480], [10, 480], [10] * 9, [10] * 9, [10] * 9), 1):
        write_run(tmp_path / f"p{seed}", obs="pixels", seed=seed, scores=scores)
        write_run(tmp_path / f"s{seed}", seed=seed, scores=[480])
    comparison = compared(tmp_path)
    row = next(row for row in comparison.tasks[0].rows if row.group.observation == "pixels")
    assert row.steps is not None
    assert row.steps.reached.tolist() == [True, True, False, False, False]
    assert row.steps.observed.tolist() == [1000, 2000, 9000, 9000, 9000]
    assert np.isnan(comparison.tasks[0].ratios[0].steps.point)
    assert "2 of 5 runs from pixels and 5 of 5 from the state reached 475" in headlines(comparison)[0]
    assert "> 9,000 (1,000 to > 9,000); 2 of 5" in console_table(comparison)


def test_reaching_the_threshold_must_be_confirmed_if_runs_do(tmp_path: Path) -> None:
    """An evaluation of 480 after 1,000 steps; the second measurement says so only after 3,000."""
    path = write_run(tmp_path / "a", scores=[400, 470, 480])
    lines = (path / "metrics.jsonl").read_text().replace('"return/eval": 400', '"return/eval": 480')
    (path / "metrics.jsonl").write_text(lines)
    (row,) = compared(tmp_path).tasks[0].rows
    assert row.confirmed and row.steps is not None and row.steps.observed.tolist() == [3000]
    (row,) = compared(tmp_path, reward_threshold=450).tasks[0].rows
    assert not row.confirmed and row.steps is not None and row.steps.observed.tolist() == [1000]


def test_scores_are_held_up_to_the_longest_run(tmp_path: Path) -> None:
    """Evaluations at 1,000 and 2,000 of 100 and 480; the other run goes on to 4,000 at 100.

    Mean score over 4,000 steps: (100 + (100 + 480) / 2 + 480 + 480) / 4 = 337.5, and 100.
    """
    write_run(tmp_path / "1", seed=1, scores=[100, 480])
    write_run(tmp_path / "2", seed=2, scores=[100] * 4)
    (task,) = compared(tmp_path).tasks
    assert task.horizon == 4000
    assert task.rows[0].areas.tolist() == [337.5, 100]
    curve = interpolate(task.rows[0].group, grid(task, "steps"), "steps")
    assert curve.x.tolist() == [1000, 2000, 3000, 4000]
    assert curve.runs[0].tolist() == [100, 480, 480, 480]
    assert curve.iqm.point.tolist() == [100, 290, 290, 290]


def test_curves_by_seconds_end_with_the_groups_last_run(both: Path) -> None:
    (task,) = compared(both).tasks
    ends = [interpolate(row.group, grid(task, "seconds"), "seconds").x[-1] for row in task.rows]
    assert ends == pytest.approx([33.0, 2.4])


def test_the_final_score_is_that_of_the_summary_if_there_is_one(tmp_path: Path) -> None:
    done = write_run(tmp_path / "1", seed=1, scores=[10, 20])
    summary = json.loads((done / "summary.json").read_text())
    (done / "summary.json").write_text(json.dumps(summary | {"final_mean": 77.0}))
    write_run(tmp_path / "2", seed=2, scores=[10, 20], finished=False)
    assert compared(tmp_path).tasks[0].rows[0].final.tolist() == [77, 20]


def test_the_better_method_stands_first(both: Path) -> None:
    (pair,) = compared(both).tasks[0].improvements
    assert (pair.left, pair.right) == ("dqn, state", "dqn, pixels")
    assert pair.estimate.point > 0.9 and pair.estimate.low < pair.estimate.point


def test_games_are_aggregated_by_human_normalised_scores(games: Path) -> None:
    """0, 1/2 and 1 on both; the interquartile mean leaves out one 0 and one 1 of the six: 1/2."""
    (method,) = compared(games).games
    assert np.concatenate(method.scores) == pytest.approx([0, 0.5, 1, 0, 0.5, 1])
    assert [float(part.point) for part in method[2:]] == pytest.approx([0.5] * 4)
    assert "Over 2 games, dqn, pixels scored 0.50" in headlines(compared(games))[0]


def test_only_methods_with_every_game_are_aggregated(games: Path) -> None:
    env = "ALE/Pong-v5"
    write_run(games / "more", env=env, obs="pixels", scores=[20], reward_threshold=None, returns__n_step=2)
    (method,) = compared(games).games
    assert method.method != "dqn, pixels, returns.n-step 2" and len(method.scores) == 2


def test_other_environments_are_no_games(both: Path) -> None:
    assert compared(both).games == ()


def test_methods_are_compared_over_the_environments_they_share(tmp_path: Path) -> None:
    for env in ("CartPole-v1", "Acrobot-v1"):
        for obs, score in (("pixels", 100.0), ("state", 200.0)):
            for seed in (1, 2, 3):
                folder = tmp_path / f"{env}{obs}{seed}"
                write_run(folder, env=env, obs=obs, seed=seed, scores=[score + seed], reward_threshold=None)
    (pair,) = compared(tmp_path).improvements
    assert (pair.left, pair.tasks, pair.estimate.point) == ("dqn, state", 2, 1.0)


def test_runs_of_different_protocols_are_refused_unless_forced(tmp_path: Path) -> None:
    for name in ("nature", "none"):
        env = "ALE/Pong-v5"
        write_run(
            tmp_path / name,
            env=env,
            obs="pixels",
            preset="nature",
            reward_threshold=None,
            env__protocol=name,
        )
    with pytest.raises(ConfigError, match=r"different protocols \(nature, none\).*--force"):
        compared(tmp_path)
    comparison = compared(tmp_path, force=True)
    assert len(comparison.groups) == 2
    assert "cannot be compared" in render(comparison)
    assert "cannot be compared" in console_table(comparison)


def test_protocols_of_other_environments_do_not_matter(games: Path) -> None:
    write_run(games / "cart", obs="pixels")
    assert len(compared(games).tasks) == 3


def test_limitations_of_the_runs_are_listed(tmp_path: Path) -> None:
    write_run(tmp_path / "1", seed=1)
    write_run(tmp_path / "2", seed=1, finished=False)
    for seed in (1, 2, 3):
        write_run(tmp_path / f"p{seed}", obs="pixels", seed=seed, scores=[10] * (2 if seed < 3 else 9))
        write_run(tmp_path / f"s{seed}", seed=seed, preset="chapter")
        write_run(tmp_path / f"q{seed}", seed=seed, preset="chapter", obs="pixels")
    text = "\n".join(cautions(compared(tmp_path)))
    assert "dqn, state has 2 runs: fewer than three" in text
    assert "dqn, state: 1 of 2 runs unfinished" in text
    assert "dqn, state: a seed occurs more than once" in text
    assert "dqn, pixels: a run ended unsolved at 2,000 of the 9,000 steps" in text
    assert "fewer than 5 runs a side" in text


def test_a_clean_comparison_has_no_cautions(both: Path) -> None:
    assert cautions(compared(both)) == []


def test_the_first_sentence_is_the_ratio(both: Path) -> None:
    (sentence,) = headlines(compared(both))
    assert re.fullmatch(
        r"From pixels, CartPole-v1 took 1\.9 times \[1\.\d, \d\.\d\] the steps and 14\.2 times "
        r"\[\d+\.\d, \d+\.\d\] the seconds of training that it took from the state, to reach 475 with dqn "
        r"\(medians of 5 and 5 runs\)\.",
        sentence,
    )
