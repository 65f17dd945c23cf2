"""The console's RAM as the state of an Atari game."""

import gymnasium as gym
import numpy as np
import pytest

from envs.atari.game import ale_seeds
from envs.config import EnvConfig
from envs.factory import make_vector_env

SEEDS = [5, 6]


@pytest.mark.parametrize(
    ("game", "repeat_action_probability"),
    [("Pong", 0.25), ("Breakout", 0.25), ("Breakout", 0.0), ("Freeway", 0.25), ("Boxing", 0.0)],
)
@pytest.mark.parametrize("backend", ["python", "native"])
def test_rewards_and_ends_are_those_of_the_pixels(
    game: str, repeat_action_probability: float, backend: str
) -> None:
    """Two games over 600 steps, by the same seeds and actions; the state is always stepped in Python."""
    config = EnvConfig(
        id=f"ALE/{game}-v5",
        repeat_action_probability=repeat_action_probability,
        fire=True,
        zero_discount_on_life_loss=True,
        max_frames=1_500,
        num_envs=2,
    )
    envs = [
        make_vector_env(EnvConfig(**vars(config) | {"obs": obs, "backend": played}), SEEDS)
        for obs, played in (("state", "auto"), ("pixels", backend))
    ]
    ram = envs[0].reset()
    assert ram.shape == (2, 128) and ram.dtype == np.float32
    envs[1].reset()
    generator, ends, rewards = np.random.default_rng(0), 0, 0.0
    for t in range(600):
        action = generator.integers(envs[0].num_actions, size=2)
        state, pixels = (env.step(action) for env in envs)
        for name in ("reward", "terminated", "last"):
            assert np.array_equal(getattr(state, name), getattr(pixels, name)), (t, name)
        ends += int(state.last.sum())
        rewards += float(np.abs(state.reward).sum())
    assert ends and (rewards or game == "Freeway")


def test_the_bytes_are_ale_pys_own() -> None:
    """Over 300 steps of Gymnasium's RAM observations, divided by 255."""
    (_, seed), config = ale_seeds(SEEDS[0]), EnvConfig(id="ALE/MsPacman-v5", obs="state")
    theirs = gym.make(config.id, obs_type="ram", repeat_action_probability=0.0, frameskip=4)
    ours = make_vector_env(config, SEEDS[:1])
    observation, _ = theirs.reset(seed=SEEDS[0])
    ale = theirs.get_wrapper_attr("ale")
    ale.setInt("random_seed", seed)  # theirs is the same but for its sign
    np.testing.assert_array_equal(ours.reset()[0], observation / np.float32(255.0))
    generator = np.random.default_rng(0)
    for _ in range(300):
        action = generator.integers(ours.num_actions)
        observation, *_ = theirs.step(action)
        np.testing.assert_array_equal(
            ours.step(np.array([action])).next_observation[0], observation / np.float32(255.0)
        )
