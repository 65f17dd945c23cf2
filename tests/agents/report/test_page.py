"""From a comparison to the page, the figures and the tables."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from agents.analysis.references import Reference
from agents.report.figures import write_figures
from agents.report.page import console_table, render, write_tables
from tests.agents.report.pages import check
from tests.runs import compared, write_run


def test_the_checker_finds_faults() -> None:
    bad = '<p id="a"><b id="a"></p><img src="x.png"><use href="#b"/><i style="background: url(http://x)">'
    faults = "\n".join(check(bad).faults)
    for sentence in (
        "closes nothing",
        "stays open",
        "id a twice",
        "loads x.png",
        "#b is nowhere",
        "http://x",
    ):
        assert sentence in faults


def test_the_page_is_valid_and_self_contained(both: Path, games: Path) -> None:
    names = ("x", "x_dot", "theta", "theta_dot")
    tags = {f"probe/r2_{name}": [0.1, 0.9, 0.95] for name in names}
    write_run(both / "probed", obs="pixels", preset="chapter", scores=[1, 2, 3], tags=tags)
    comparison = compared(games)
    references = [
        Reference("CartPole-v1", "pixels", "none", 450.0, 5_000, "a <reward threshold> & more", "somewhere")
    ]
    videos = {group.name: b"video" for group in comparison.groups[:2]}
    thumbnails = {comparison.groups[0].name: b"image"}
    standings = {comparison.groups[0].name: ["Ahead: of <all> others."]}
    page = render(
        comparison, videos=videos, thumbnails=thumbnails, references=references, standings=standings
    )
    checker = check(page)
    assert checker.faults == []
    assert page.startswith("<!DOCTYPE html>")
    assert checker.tags.count("video") == 2 and checker.tags.count("img") == 1
    assert "data:video/mp4;base64,dmlkZW8=" in page
    assert "a &lt;reward threshold&gt; &amp; more" in page
    assert "its typical run: Ahead: of &lt;all&gt; others." in page
    assert "theta velocity" in page
    assert (
        page.count('class="figure" role="img"') == 4 + 1 + 3 + 3 + 1
    )  # cart, its probe, two games, in one


def test_figures_take_the_pages_colours(both: Path) -> None:
    page = render(compared(both))
    assert "#010203" not in page and "currentColor" in page
    for i, colour in enumerate(("#0072b2", "#d55e00")):
        assert page.count(colour) == 1  # where the variable is set
        assert f"stroke: var(--line{i})" in page
    assert "prefers-color-scheme: dark" in page


def test_differences_of_configuration_are_listed(both: Path) -> None:
    comparison = compared(both)
    differences = dict(comparison.differences)
    assert differences["learning.optimizer"] == ["radam", "adam"]
    assert "seed" not in differences and "env.obs" not in differences
    assert "learning.optimizer" in render(comparison)


def test_tables_hold_every_group_and_the_curves(both: Path, tmp_path: Path) -> None:
    write_tables(compared(both), tmp_path / "new")
    with (tmp_path / "new" / "table.csv").open() as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    assert (rows["dqn, pixels"]["steps_median"], rows["dqn, pixels"]["reached"]) == ("19000", "5")
    with (tmp_path / "new" / "curves.csv").open() as file:
        curves = [row for row in csv.DictReader(file) if row["method"] == "dqn, state"]
    assert [int(row["env_steps"]) for row in curves] == list(range(1000, 13000, 1000))
    assert all(float(row["low"]) <= float(row["iqm"]) <= float(row["high"]) for row in curves)


def test_steps_beyond_a_million_are_written_in_full(tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        write_run(
            tmp_path / f"{seed}", seed=seed, scores=[1.0, 2.0], every=1_234_567, reward_threshold=None
        )
    write_tables(compared(tmp_path), tmp_path)
    with (tmp_path / "curves.csv").open() as file:
        assert [row["env_steps"] for row in csv.DictReader(file)] == ["1234567", "2469134"]


def test_figures_are_written_as_files(both: Path, tmp_path: Path) -> None:
    files = write_figures(compared(both), tmp_path / "new")
    assert {file.name for file in files} == {"curves.png", "curves.svg", "profiles.png", "profiles.svg"}
    image = cv2.imread(str(tmp_path / "new" / "curves.png"))
    assert image is not None and len(np.unique(image.reshape(-1, 3), axis=0)) > 2
    assert "dqn, pixels" in (tmp_path / "new" / "curves.svg").read_text()


def test_runs_that_never_scored_can_be_drawn(tmp_path: Path) -> None:
    """All scores, and all seconds, are zero: no axis may fail on an empty range."""
    write_run(
        tmp_path / "1", env="ALE/Freeway-v5", obs="pixels", scores=[0.0], reward_threshold=None, seconds=0.0
    )
    assert check(render(compared(tmp_path))).faults == []


@pytest.mark.parametrize(
    ("scores", "sentence"),
    [
        ([[10, 480]], "is scored by the 100 games that confirmed that it was solved."),
        ([[10, 20]], "is the network of its best evaluation, evaluated anew over 100 games."),
        ([[10, 480], [10, 20]], "of a solved run is scored by the 100 games that confirmed"),
    ],
)
def test_the_origin_of_a_best_checkpoints_score_is_stated(
    scores: list[list[float]], sentence: str, tmp_path: Path
) -> None:
    for seed, some in enumerate(scores, 1):
        write_run(tmp_path / str(seed), seed=seed, scores=some)
    page = render(compared(tmp_path))
    assert sentence in page
    assert "measured again" not in page
    assert ("evaluated anew" in page) == (scores[-1] == [10, 20])


@pytest.mark.parametrize(("finished", "games"), [(True, 30), (False, 10)])
def test_atari_scores_name_their_number_of_games(finished: bool, games: int, tmp_path: Path) -> None:
    """30 whole games at the end of a run, 10 in an evaluation of an unfinished one."""
    env = "ALE/Pong-v5"
    write_run(
        tmp_path / "1", env=env, obs="pixels", scores=[-20, -7], reward_threshold=None, finished=finished
    )
    comparison = compared(tmp_path)
    name = comparison.groups[0].name
    page = render(comparison, videos={name: b"video"})
    assert f'<td class="figure">{games}</td>' in page
    assert f"This agent scored -7.0, the mean of {games} episodes with ε 0.05." in page
    assert f"final ({games} games)" in console_table(comparison)
