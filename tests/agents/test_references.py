"""Am I on track: which numbers a run is laid beside, and what is said of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.analysis import references
from agents.analysis.records import Curve, Run
from agents.analysis.references import make_band, on_track, write_bands

CONFIG: dict[str, Any] = {
    "env.id": "CartPole-v1",
    "env.obs": "state",
    "env.protocol": "none",
    "preset": "dqn",
}


def curve(*values: float) -> Curve:
    steps = 1000 * np.arange(1, len(values) + 1)
    return Curve(steps, np.array(values, float), steps / 100)


def run(solved: int | None, *values: float) -> Run:
    summary = {"steps_to_solve": solved, "solved": solved is not None}
    return Run(Path("x"), CONFIG, {"return/eval": curve(*values)}, summary, "abc")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bands of two runs: 100, 300 and then held, and 200, 400, 500, solved after 2,000 and 3,000 steps."""
    (tmp_path / "bands.json").write_text("[]\n")
    monkeypatch.setattr(references, "BANDS", tmp_path / "bands.json")
    write_bands([[run(2000, 100, 300), run(3000, 200, 400, 500)]])


def test_a_band_holds_the_extremes_and_a_run_that_ended_holds_its_score() -> None:
    band = make_band([run(2000, 100, 300), run(3000, 200, 400, 500)])
    assert band.steps[-1] == 3000 and (band.low[-1], band.middle[-1], band.high[-1]) == (300, 400, 500)
    at = band.steps.index(1500)
    assert (band.low[at], band.high[at]) == (200, 300)
    assert (band.solved, band.seeds, band.commit) == ((2000, 3000), 2, "abc")


@pytest.mark.parametrize(("solved", "word"), [(1000, "Ahead"), (2500, "On track"), (9000, "Behind")])
@pytest.mark.usefixtures("own")
def test_a_solved_run_is_judged_by_its_steps(solved: int, word: str) -> None:
    said = on_track(CONFIG, curve(100, 500), {"steps_to_solve": solved})[0]
    assert said == (
        f"{word}: solved after {solved:,} steps; this project's 2 runs (commit abc) took 2,000 to 3,000."
    )


@pytest.mark.parametrize(("score", "word"), [(50.0, "Behind"), (350.0, "On track"), (450.0, "Ahead")])
@pytest.mark.usefixtures("own")
def test_an_unfinished_run_is_judged_by_its_score_at_its_step(score: float, word: str) -> None:
    said = on_track(CONFIG, curve(10, score), None)[0]
    assert said.startswith(f"{word}: {score:.1f} after 2,000 steps")
    assert "had 290.0 to 400.0 there" in said


@pytest.mark.usefixtures("own")
def test_another_protocol_preset_or_observation_is_never_compared() -> None:
    for name, value in [("preset", "nature"), ("env.obs", "pixels"), ("env.protocol", "machado")]:
        said = on_track(CONFIG | {name: value}, curve(10, 20), None)
        assert not any("this project's" in sentence for sentence in said)
    assert on_track(CONFIG | {"env.id": "Acrobot-v1"}, curve(1, 2), None) == []


@pytest.mark.usefixtures("own")
def test_new_bands_replace_those_of_the_same_preset_only() -> None:
    write_bands([[run(5000, 1, 2)]])
    assert [band.solved for band in references.bands()] == [(5000,)]


def test_published_numbers_are_laid_beside_a_run_of_the_same_protocol() -> None:
    said = on_track(CONFIG, curve(10, 480.5), None)
    assert any("500 after 50,000 steps" in s and "here 480.5 within 2,000" in s for s in said)
    pong = CONFIG | {"env.id": "ALE/Pong-v5", "env.obs": "pixels", "env.protocol": "ale-v5"}
    assert not any("20.25" in sentence for sentence in on_track(pong, curve(1, 2), None))


def test_the_committed_bands_can_be_read() -> None:
    for band in references.bands():
        assert len(band.steps) == len(band.low) == len(band.middle) == len(band.high)
        assert all(
            low <= middle <= high
            for low, middle, high in zip(band.low, band.middle, band.high, strict=True)
        )
