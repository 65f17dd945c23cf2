"""A run's place among published training curves."""

from pathlib import Path

import numpy as np
import pytest

from agents.analysis.baselines import BLOCK, against_baselines, baselines, training_returns
from agents.analysis.references import on_track
from agents.runs.reader import Run, read_run
from tests.runs import write_run


def pong(
    folder: Path, returns: list[float], episodes: list[float], obs: str = "pixels", **fields: str
) -> Run:
    """Return a run with these returns of training games, each 125,000 steps, and numbers of games."""
    tags = {"return/train": returns, "episodes": np.cumsum(episodes).tolist()}
    settings = {"env": "ALE/Pong-v5", "preset": "fast", "obs": obs, "reward_threshold": None} | fields
    scores = [0.0] * len(returns)
    return read_run(write_run(folder, scores=scores, every=BLOCK // 2, tags=tags, **settings))  # type: ignore[arg-type]


def test_published_curves_are_those_of_the_papers_table() -> None:
    """Dopamine's at 250,000, 500,000, 1, 2.5 and 5 million steps."""
    places = [0, 1, 3, 9, 19]
    assert [round(baselines("ALE/Pong-v5")["DQN"][i], 1) for i in places] == [
        -20.2,
        -18.4,
        -13.7,
        1.1,
        14.3,
    ]
    assert [round(baselines("ALE/MsPacman-v5")["IQN"][i]) for i in places] == [512, 1122, 1638, 2444, 2849]
    assert baselines("CartPole-v1") == {} and baselines("ALE/NoGame-v5") == {}
    games = [baselines(f"ALE/{game}-v5") for game in ("Breakout", "Seaquest", "Qbert", "SpaceInvaders")]
    assert all(len(curve) == 20 for game in games for curve in game.values()) and all(map(len, games))


def test_a_block_is_the_mean_over_its_games(tmp_path: Path) -> None:
    """(-20 · 3 − 16 · 1) / 4 = -19; the last, half block is left out."""
    run = pong(tmp_path / "run", [-20.0, -16.0, 5.0], [3.0, 1.0, 2.0])
    assert training_returns(run).tolist() == [-19.0]


@pytest.mark.parametrize(
    ("returns", "word"), [([-20.0, -20.0, 9.0, 9.0], "Ahead"), ([0.0, 0.0, -18.0, -18.0], "On track")]
)
def test_the_newest_block_is_compared_at_its_steps(returns: list[float], word: str, tmp_path: Path) -> None:
    sentence = on_track(pong(tmp_path / "run", returns, [2.0] * 4))[-1]
    assert sentence.startswith(f"{word}: the training games of the 250,000 steps up to 500,000 returned")
    assert "DQN -18.4" in sentence and "Rainbow -20.6" in sentence


@pytest.mark.parametrize("fields", [{"env__protocol": "none"}, {"obs": "state"}, {"preset": "dqn"}])
def test_runs_under_other_rules_are_not_compared(fields: dict[str, str], tmp_path: Path) -> None:
    run = pong(tmp_path / "run", [0.0, 0.0], [2.0, 2.0], **fields)
    assert against_baselines(run) is None


def test_a_run_without_a_whole_block_is_not_compared(tmp_path: Path) -> None:
    assert against_baselines(pong(tmp_path / "run", [0.0], [2.0])) is None
