"""Atari runs that are interrupted anywhere equal those that are not, bit for bit."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agents.build import build_trainer
from agents.config import Config
from agents.config.presets import LADDER
from agents.runs.folder import RunFolder
from agents.training.trainer import Trainer
from tests.small_runs import assert_same, assert_same_run, small, train

SHORT = {
    "env.backend": "python",
    "env.protocol": "none",
    "env.size": (42, 42),
    "env.max_frames": 400,  # 100 steps of two games
    "env.noop_max": 0,
    "memory.num_steps": 16,
    "evaluation.probe_samples": 0,
    "evaluation.video_frames": 0,
    "evaluation.max_steps": 40,
    "evaluation.num_envs": 2,
}
Condition = Callable[[Trainer], bool]


def emulators(trainer: Trainer) -> list[Any]:
    games: Any = trainer.collector.env
    return [game.unwrapped.ale for game in games.envs]


def in_an_update_period(trainer: Trainer) -> bool:
    """Learning has begun, updates of some more steps are due, and no episode ends here."""
    schedule, steps = trainer.config.schedule, trainer.progress.env_steps
    return trainer.progress.updates >= 5 and steps % max(schedule.train_frequency, 4) != 0


def after_a_lost_life(trainer: Trainer) -> bool:
    """One of Breakout's five lives is lost; the other games have none."""
    lost = any(ale.lives() < 5 for ale in emulators(trainer))
    return trainer.progress.env_steps >= 150 and lost


def at_its_beginning(trainer: Trainer) -> bool:
    """A game has just begun anew; FIRE may have been pressed for four frames."""
    begun = any(ale.getEpisodeFrameNumber() < 5 for ale in emulators(trainer))
    return trainer.progress.env_steps >= 180 and begun


def train_in_parts(config: Config, path: Path, interruptions: Sequence[Condition]) -> None:
    """Interrupts the run where asked, each time later than before, then ends it."""
    for number, here in enumerate(interruptions):
        folder = RunFolder(path, config, resume=number > 0)
        trainer = build_trainer(config, folder)
        stop = partial(stands, trainer, here, trainer.progress.env_steps)
        assert not trainer.run(stop), f"never {here.__name__}"
        folder.close()
    train(config, path, resume=True)


def stands(trainer: Trainer, here: Condition, later_than: int) -> bool:
    return trainer.progress.env_steps > later_than and here(trainer)


def assert_resumes(
    preset: str,
    game: str,
    path: Path,
    interruptions: Sequence[Condition],
    obs: str = "pixels",
    **fields: Any,
) -> None:
    config = small(obs, preset, env=f"ALE/{game}-v5", **SHORT | fields)
    train(config, path / "whole")
    train_in_parts(config, path / "parts", interruptions)
    assert_same_run(path / "whole", path / "parts")
    assert json.loads((path / "parts" / "config.json").read_text())["resume"] == "exact"


@pytest.mark.parametrize("preset", ["fast", "dqn"])
def test_an_interrupted_run_with_sticky_actions_equals_a_whole_one(preset: str, tmp_path: Path) -> None:
    """Memory, emulators, network and log."""
    fields = {"env.repeat_action_probability": 0.25, "steps": 160, "seed": 6}
    assert_resumes(preset, "Pong", tmp_path, [in_an_update_period], **fields)


@pytest.mark.parametrize("preset", ["fast", "dqn"])
@pytest.mark.parametrize("state_stack", [1, 2])
def test_an_interrupted_run_from_ram_equals_a_whole_one(
    preset: str, state_stack: int, tmp_path: Path
) -> None:
    fields = {"env.repeat_action_probability": 0.25, "env.state_stack": state_stack, "steps": 160}
    assert_resumes(preset, "Breakout", tmp_path, [in_an_update_period], obs="state", **fields)


@pytest.mark.parametrize("preset", ["pqn", "dqn"])
def test_learning_while_ale_pys_threads_play_equals_learning_before(preset: str, tmp_path: Path) -> None:
    """The Python back-end learns, then plays; parameters and scores are the same, bit for bit."""
    states = []
    for backend in ("native", "python"):
        fields = {"env.backend": backend, "schedule.overlap": True, "steps": 240}
        config = small("pixels", preset, env="ALE/Pong-v5", **SHORT | fields)
        trainer = train(config, tmp_path / backend)
        assert trainer.progress.updates >= 20
        states.append(trainer.agent.state_dict() | {"return": trainer.progress.last_return})
    assert_same(*states)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("game", "repeat_action_probability"),
    [("Pong", 0.25), ("Boxing", 0.0), ("Breakout", 0.25), ("Breakout", 0.0)],
)
@pytest.mark.parametrize("preset", ["fast", "nature", *LADDER])
def test_every_preset_equals_a_whole_run(
    preset: str, game: str, repeat_action_probability: float, tmp_path: Path
) -> None:
    """Interrupted within an update period, after a lost life, and where a game begins."""
    lives = {"env.zero_discount_on_life_loss": True, "env.fire": True} if game == "Breakout" else {}
    places = [in_an_update_period, after_a_lost_life, at_its_beginning]
    assert_resumes(
        preset,
        game,
        tmp_path,
        places,
        steps=360,
        **{"env.repeat_action_probability": repeat_action_probability},
        **lives,
    )
