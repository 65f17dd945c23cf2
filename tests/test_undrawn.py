"""Environments that cannot be rendered: training and evaluation without videos."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from agents.config import ConfigError
from envs.config import EnvConfig
from envs.factory import can_be_drawn, make_env
from scripts import compare, record, train
from tests.small_runs import OPTIONS

BLANK = "test/Undrawn-v0"


class Undrawn(gym.Env[Any, Any]):
    """Ends after four steps and cannot be rendered."""

    metadata = {"render_modes": []}  # noqa: RUF012
    observation_space = gym.spaces.Box(-1, 1, (2,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode

    def reset(self, **_: Any) -> tuple[Any, dict[str, Any]]:
        self.steps = 0
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        return np.zeros(2, np.float32), 1.0, self.steps == 4, False, {}


class Unequipped(Undrawn):
    """Needs a missing package to render."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 30}  # noqa: RUF012

    def render(self) -> Any:
        raise gym.error.DependencyNotInstalled('pygame is not installed, run `pip install "gymnasium[x]"`')


class Broken(Unequipped):
    """Fails to render with an error of its library, as without a display."""

    def render(self) -> Any:
        raise RuntimeError("No available video device")


@pytest.fixture(autouse=True, params=[Undrawn, Unequipped, Broken])
def registered(request: pytest.FixtureRequest) -> Iterator[None]:
    gym.register(BLANK, request.param, max_episode_steps=10)
    yield
    del gym.registry[BLANK]


def test_rendering_it_is_refused() -> None:
    assert not can_be_drawn(EnvConfig(id=BLANK, obs="state"))
    assert can_be_drawn(EnvConfig(id="CartPole-v1", obs="state"))
    with pytest.raises(ConfigError, match=r"cannot be drawn|needs a package that is missing"):
        make_env(EnvConfig(id=BLANK, obs="state"), screen=True)


def test_a_run_recommends_possible_steps_and_a_video_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--env", BLANK, "--obs", "state", *OPTIONS, "--steps", "200", "--run-dir", "a run"]
    monkeypatch.setattr(sys, "argv", ["train.py", *words])
    assert train.main() == 0
    text = capsys.readouterr().out
    assert "record.py" not in text
    assert "python scripts/evaluate.py 'a run'" in text
    before = {path.name for path in tmp_path.rglob("*")}
    monkeypatch.setattr(sys, "argv", ["record.py", "a run", "--out", "episode.mp4"])
    assert record.main() == 2
    text = capsys.readouterr().err
    assert text.startswith(f"error: {BLANK} ") and text.count("\n") == 1
    assert {path.name for path in tmp_path.rglob("*")} == before
    monkeypatch.setattr(sys, "argv", ["compare.py", "a run", "--out", "page.html"])
    assert compare.main() == 0
    assert "<video" not in (tmp_path / "page.html").read_text()
