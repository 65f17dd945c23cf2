"""Greedy play, measured: the rule by which a protocol's share of random actions is played."""

from typing import Any

import numpy as np
import pytest
from agents.acting.evaluations import play_of

from agents.acting.episodes import evaluate
from agents.config import with_fields
from agents.config.presets import preset_config
from envs.config import EnvConfig
from envs.factory import make_vector_env

CONFIG = preset_config("fast", "CartPole-v1", "state")


class Left:
    """A policy that always goes left."""

    def act(self, observation: Any) -> Any:
        return np.zeros(len(observation), np.int64)


@pytest.mark.parametrize(("epsilon", "share"), [(0.0, 0.0), (0.5, 0.25), (1.0, 0.5)])
def test_the_protocols_epsilon_is_played_in_evaluations(epsilon: float, share: float) -> None:
    """Of two actions half of the random ones are the other: a share of epsilon / 2 goes right."""
    config = with_fields(CONFIG, {"evaluation.epsilon": epsilon})
    env = make_vector_env(config.env, [0] * 4)
    act = play_of(Left(), env, config, np.random.default_rng(1))
    right = np.mean([act(np.zeros((4, 4))) for _ in range(1_000)])
    assert right == pytest.approx(share, abs=0.03)


def test_an_evaluation_asks_about_the_environments_at_play_only() -> None:
    """Three games in two environments: the second rests while the first plays its second game."""
    asked: list[int] = []

    def act(observation: Any) -> Any:
        asked.append(len(observation))
        return np.zeros(len(observation), np.int64)

    score = evaluate(act, make_vector_env(EnvConfig(obs="state"), [1, 2]), 3)
    assert len(score.returns) == 3
    assert sum(asked) == score.lengths.sum() and set(asked) == {1, 2}
