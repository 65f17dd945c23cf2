"""The board of games: tables and small multiples beside published curves."""

from pathlib import Path

import numpy as np
import pytest

from agents.analysis.baselines import BLOCK
from agents.config import ConfigError
from agents.report.board import write_board
from tests.runs import compared, write_run


def games(folder: Path) -> Path:
    """Two seeds of Pong and of Breakout, 1.25 million steps each."""
    for env, gain in (("Pong", 1.0), ("Breakout", 4.0)):
        for seed in (1, 2):
            returns = (np.arange(5) * gain + seed).tolist()
            write_run(
                folder / f"{env}{seed}",
                env=f"ALE/{env}-v5",
                preset="fast",
                obs="pixels",
                seed=seed,
                scores=[10.0 * seed] * 5,
                every=BLOCK,
                reward_threshold=None,
                tags={"return/train": returns, "episodes": [9.0, 18.0, 27.0, 36.0, 45.0]},
            )
    return folder


def test_the_board_shows_games_beside_published_curves(tmp_path: Path) -> None:
    """Pong's block up to a million steps is the fourth: 3 + seed; Breakout's last 16 + seed."""
    table, *figures = write_board(compared(games(tmp_path / "runs")), tmp_path / "board")
    text = table.read_text()
    million, end, agents = text.split("\n\nMean ")
    assert "up to 1,000,000" in million and "up to 1,250,000" in end
    assert "| Pong | -20.7 | 14.6 | 4.5 | 4.0 5.0 | -20.5 | -13.7 | -5.3 | 7.4 | -16.7 |" in million
    assert "| Breakout | 1.7 | 30.5 | 17.5 | 17.0 18.0 |" in end
    assert "| Pong | 1,250,000 | 15.0 | 10.0 20.0 | 10.0 20.0 | 5 5 |" in agents
    assert [file.name for file in figures] == ["board.png", "board.svg"]
    svg = figures[1].read_text()
    assert all(name in svg for name in ("ALE/Pong-v5", "ALE/Breakout-v5", "Dopamine's Rainbow"))


def test_a_board_is_of_atari_games_only(tmp_path: Path) -> None:
    write_run(tmp_path / "cartpole")
    with pytest.raises(ConfigError, match="CartPole-v1 is none"):
        write_board(compared(tmp_path), tmp_path / "board")
