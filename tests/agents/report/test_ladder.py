"""The ladder: one table and one figure from runs."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from agents.config import ConfigError
from agents.config.presets import LADDER
from agents.report.ladder import write_ladder
from tests.runs import climb, compared, write_run


def rungs(folder: Path) -> Path:
    """Dqn from the state in 8, 10 and 12 evaluations, rainbow from pixels in 5, 6 and never."""
    for seed, at in enumerate((10, 8, 12), 1):
        write_run(folder / f"d{seed}", preset="dqn", seed=seed, scores=climb(at))
    for seed, scores in enumerate((climb(5), climb(6), climb(9)[:-1]), 1):
        write_run(folder / f"r{seed}", preset="rainbow", obs="pixels", seed=seed, scores=scores)
    return folder


def test_the_ladder_counts_unsuccessful_runs_as_later_than_all(tmp_path: Path) -> None:
    files = write_ladder(compared(rungs(tmp_path / "runs")), LADDER, tmp_path / "out")
    lines = files[0].read_text().splitlines()
    assert lines[2].startswith("| `dqn` | 3 of 3 | 10,000 [8,000, 12,000] | 10.0 [8.0, 12.0] |")
    assert lines[3].startswith("| `rainbow` |  |  |  | 2 of 3 | 6,000 [5,000, -] |")
    assert "with a probability of 75% with 3 runs" in lines[-1]
    assert [file.name for file in files] == ["ladder.md", "ladder.png", "ladder.svg"]
    svg = files[2].read_text()
    assert all(name in svg for name in ("dqn", "rainbow", "from state", "from pixels"))
    image = cv2.imread(str(files[1]))
    assert image is not None and len(np.unique(image.reshape(-1, 3), axis=0)) > 2


def test_the_ladder_tells_how_often_a_range_encloses_the_true_median(tmp_path: Path) -> None:
    for seed in range(1, 6):
        write_run(tmp_path / "runs" / str(seed), preset="c51", seed=seed)
    table, *_ = write_ladder(compared(rungs(tmp_path / "runs")), LADDER, tmp_path)
    assert "with a probability of 94% with 5 runs, 75% with 3 runs." in table.read_text()


def test_a_ladder_needs_one_environment_with_a_reward_threshold(tmp_path: Path) -> None:
    write_run(tmp_path / "pong", env="ALE/Pong-v5", obs="pixels", scores=[1.0], reward_threshold=None)
    with pytest.raises(ConfigError, match="name one --env"):
        write_ladder(compared(tmp_path), LADDER, tmp_path / "out")
