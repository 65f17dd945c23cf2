"""Folders of made-up runs that several tests compare."""

from pathlib import Path

import pytest

from tests.runs import climb, write_run


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """Five runs from pixels, solved after 15 to 22 evaluations, and five from the state, after 8 to 12."""
    for obs, solved, seconds in (("pixels", [21, 16, 22, 15, 19], 1.5), ("state", [8, 8, 10, 12, 12], 0.2)):
        for seed, at in enumerate(solved, 1):
            scores, folder = climb(at, seed), tmp_path / "runs" / obs / f"seed{seed}"
            write_run(folder, obs=obs, seed=seed, scores=scores, seconds=seconds)
    return tmp_path / "runs"


@pytest.fixture
def games(tmp_path: Path) -> Path:
    """Three runs of Pong that end at -20.7, -3.05, 14.6, and three of Breakout at 1.7, 16.1, 30.5."""
    for env, ends in (("ALE/Pong-v5", [-20.7, -3.05, 14.6]), ("ALE/Breakout-v5", [1.7, 16.1, 30.5])):
        for seed, end in enumerate(ends, 1):
            path = tmp_path / env.replace("/", "-") / str(seed)
            write_run(path, env=env, obs="pixels", seed=seed, scores=[end], reward_threshold=None)
    return tmp_path
