"""The state probe: what it finds, what it cannot find, and a stacking fault."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from agents.acting.evaluations import StateProbe
from agents.acting.linear_probe import decoded_share, r_squared
from agents.acting.policy import GreedyPolicy
from agents.build import network_for
from agents.config import with_fields
from agents.config.presets import preset_config
from envs.factory import make_vector_env
from envs.families.classic import CARTPOLE

PART = np.arange(900) % 3


def test_a_linear_map_is_found_and_noise_is_not() -> None:
    random = np.random.default_rng(1)
    features, noise = random.normal(size=(900, 30)), random.normal(size=(900, 1))
    state = np.hstack([features @ random.normal(size=(30, 1)) - 7, noise])
    linear, unknown = decoded_share(features, state, PART)
    assert linear > 0.999
    assert -0.2 < unknown < 0.1


def test_fewer_rows_than_features_is_the_same_regression() -> None:
    """With D > N the dual problem is solved; copies of the same features change nothing but the scale."""
    random = np.random.default_rng(2)
    features = random.normal(size=(90, 12))
    state = features[:, :1] + 0.1 * random.normal(size=(90, 1))
    part = np.arange(90) % 3
    dual = decoded_share(np.hstack([features] * 6), state, part)
    assert dual == pytest.approx(decoded_share(features, state, part), abs=0.02)


def test_r_squared_by_hand() -> None:
    """Truth 0, 2: spread 2. Guess 1, 1 is the mean: 0. Guess 0, 1: error 1, so 1 - 1/2. Constant: NaN."""
    truth_ = np.array([[0.0, 0.0, 5.0], [2.0, 2.0, 5.0]])
    guess = np.array([[1.0, 0.0, 5.0], [1.0, 1.0, 5.0]])
    assert r_squared(truth_, guess)[:2].tolist() == [0.0, 0.5]
    assert np.isnan(r_squared(truth_, guess)[2])


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_features_of_a_network_that_diverges_tell_nothing(odd: float) -> None:
    features = np.random.default_rng(3).normal(size=(900, 30))
    features[::7] = odd
    assert np.isnan(decoded_share(features, np.arange(900.0)[:, None] ** [1, 2], PART)).all()


def test_where_rounding_outgrows_every_penalty_nothing_false_is_told() -> None:
    """Of 30,000 rows of rank 4 in 256 features the sums of squares round by much."""
    random = np.random.default_rng(3)
    state = random.normal(size=(30_000, 4))
    features = state @ random.normal(size=(4, 256)) + 10
    assert not (decoded_share(features, state, np.arange(30_000) % 3) < 0.99).any()


def test_every_part_needs_rows() -> None:
    with pytest.raises(ValueError, match="needs rows"):
        decoded_share(np.ones((4, 1)), np.ones((4, 1)), np.array([0, 0, 1, 1]))


def probe(env: str = "CartPole-v1", **fields: object) -> dict[str, float]:
    dotted = {name.replace("__", "."): value for name, value in fields.items()}
    config = with_fields(preset_config("fast", env, "pixels"), dotted)
    vector = make_vector_env(config.env, [1])
    policy = GreedyPolicy(network_for(config, vector, torch.device("cpu")), torch.device("cpu"))
    vector.close()
    return StateProbe(config, policy)()


def test_one_image_tells_where_but_not_how_fast() -> None:
    """A fault in the stacking would show like this: with stack 1 the velocities cannot be decoded."""
    four, one = probe(), probe(env__frame_stack=1)
    assert set(four) == {"probe/r2_x", "probe/r2_x_dot", "probe/r2_theta", "probe/r2_theta_dot"}
    for place in ("x", "theta"):
        assert min(four[f"probe/r2_{place}"], one[f"probe/r2_{place}"]) > 0.8, (four, one)
    for velocity in ("x_dot", "theta_dot"):
        assert four[f"probe/r2_{velocity}"] > one[f"probe/r2_{velocity}"] + 0.25, (four, one)


def test_of_a_game_the_consoles_memory_is_asked() -> None:
    share = probe("ALE/Pong-v5", evaluation__probe_samples=384)
    assert list(share) == ["probe/r2_ram"]
    assert 0.0 < share["probe/r2_ram"] < 1.0


def test_the_truth_is_that_of_the_observation_to_act_on() -> None:
    config = preset_config("fast", "CartPole-v1", "state").env
    env = make_vector_env(config, [3, 4])
    observation = env.reset()
    for _ in range(40):
        assert CARTPOLE.simulator is not None
        assert np.allclose([CARTPOLE.simulator.read(one) for one in env.envs], observation, atol=1e-6)  # type: ignore[attr-defined]
        observation = env.step(np.array([1, 0])).observation
    env.close()


def test_where_nothing_is_known_nothing_is_asked() -> None:
    config = preset_config("fast", "CartPole-v1", "pixels")
    config = replace(config, env=replace(config.env, id="Acrobot-v1", crop=None, size=(84, 84)))
    config = with_fields(config, {"network.torso": "nips", "evaluation.probe_samples": 96})
    vector = make_vector_env(config.env, [1])
    policy = GreedyPolicy(network_for(config, vector, torch.device("cpu")), torch.device("cpu"))
    assert StateProbe(config, policy)() == {}


def test_scattered_states_are_looked_at_again_not_played_again() -> None:
    """They owe nothing to the agent, so its second probe must find what its first one found."""
    config = with_fields(preset_config("fast", "CartPole-v1", "pixels"), {"evaluation.probe_samples": 96})
    vector = make_vector_env(config.env, [1])
    policy = GreedyPolicy(network_for(config, vector, torch.device("cpu")), torch.device("cpu"))
    again, fresh = StateProbe(config, policy), StateProbe(config, policy)
    first = again()
    again._envs.clear()  # nobody can play any more
    assert again() == first == fresh()


def test_the_scenes_of_a_game_are_played_anew_by_each_agent() -> None:
    config = with_fields(preset_config("fast", "ALE/Pong-v5", "pixels"), {"evaluation.probe_samples": 72})
    vector = make_vector_env(config.env, [1])
    policy = GreedyPolicy(network_for(config, vector, torch.device("cpu")), torch.device("cpu"))
    game = StateProbe(config, policy)
    game()
    assert game._scenes is None
