"""State probe: decodable and undecodable variables, and a stacking fault."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from agents.acting.linear_probe import decoded_share, r_squared
from agents.acting.policy import GreedyPolicy
from agents.acting.probe import StateProbe
from agents.build import network_for
from agents.config import Config, with_fields
from agents.config.presets import preset_config
from envs.factory import make_vector_env
from envs.families.classic import CARTPOLE
from envs.spec import describe

PART = np.arange(900) % 3


def test_a_linear_map_is_decoded_and_noise_is_not() -> None:
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
    states = np.array([[0.0, 0.0, 5.0], [2.0, 2.0, 5.0]])
    guess = np.array([[1.0, 0.0, 5.0], [1.0, 1.0, 5.0]])
    assert r_squared(states, guess)[:2].tolist() == [0.0, 0.5]
    assert np.isnan(r_squared(states, guess)[2])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_of_a_diverging_network_predict_nothing(value: float) -> None:
    features = np.random.default_rng(3).normal(size=(900, 30))
    features[::7] = value
    assert np.isnan(decoded_share(features, np.arange(900.0)[:, None] ** [1, 2], PART)).all()


def test_rounding_errors_beyond_every_penalty_yield_no_false_r2() -> None:
    """Of 30,000 rows of rank 4 in 256 features the sums of squares round by much."""
    random = np.random.default_rng(3)
    state = random.normal(size=(30_000, 4))
    features = state @ random.normal(size=(4, 256)) + 10
    assert not (decoded_share(features, state, np.arange(30_000) % 3) < 0.99).any()


def test_every_part_needs_rows() -> None:
    with pytest.raises(ValueError, match="needs rows"):
        decoded_share(np.ones((4, 1)), np.ones((4, 1)), np.array([0, 0, 1, 1]))


def untrained(config: Config) -> GreedyPolicy:
    network = network_for(config, describe(config.env), torch.device("cpu"))
    return GreedyPolicy(network, torch.device("cpu"))


def probe(**fields: object) -> dict[str, float]:
    dotted = {name.replace("__", "."): value for name, value in fields.items()}
    config = with_fields(preset_config("fast", "CartPole-v1", "pixels"), dotted)
    policy = untrained(config)
    return StateProbe(config, policy)()


def test_one_image_holds_positions_but_no_velocities() -> None:
    """A fault in the stacking would show like this: with stack 1 the velocities cannot be decoded."""
    four, one = probe(), probe(env__frame_stack=1)
    assert set(four) == {"probe/r2_x", "probe/r2_x_dot", "probe/r2_theta", "probe/r2_theta_dot"}
    for place in ("x", "theta"):
        assert min(four[f"probe/r2_{place}"], one[f"probe/r2_{place}"]) > 0.8, (four, one)
    for velocity in ("x_dot", "theta_dot"):
        assert four[f"probe/r2_{velocity}"] > one[f"probe/r2_{velocity}"] + 0.25, (four, one)


@pytest.fixture(scope="module")
def game() -> tuple[StateProbe, dict[str, float]]:
    """A probe of a game with an untrained agent, and its result."""
    config = with_fields(preset_config("fast", "ALE/Pong-v5", "pixels"), {"evaluation.probe_samples": 384})
    probe = StateProbe(config, untrained(config))
    return probe, probe()


def test_the_probe_of_a_game_predicts_its_ram(game: tuple[StateProbe, dict[str, float]]) -> None:
    _, share = game
    assert list(share) == ["probe/r2_ram"]
    assert 0.0 < share["probe/r2_ram"] < 1.0


def test_the_state_belongs_to_the_observation_to_act_on() -> None:
    config = preset_config("fast", "CartPole-v1", "state").env
    env = make_vector_env(config, [3, 4])
    observation = env.reset()
    for _ in range(40):
        assert CARTPOLE.simulator is not None
        assert np.allclose([CARTPOLE.simulator.read(one) for one in env.envs], observation, atol=1e-6)  # type: ignore[attr-defined]
        observation = env.step(np.array([1, 0])).observation
    env.close()


def test_without_access_to_the_simulator_there_is_no_probe() -> None:
    config = preset_config("fast", "CartPole-v1", "pixels")
    config = replace(config, env=replace(config.env, id="Acrobot-v1", crop=None, size=(84, 84)))
    config = with_fields(config, {"network.torso": "nips", "evaluation.probe_samples": 96})
    policy = untrained(config)
    assert StateProbe(config, policy)() == {}


def test_random_states_are_collected_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """They do not depend on the agent, so its second probe equals its first."""
    config = with_fields(preset_config("fast", "CartPole-v1", "pixels"), {"evaluation.probe_samples": 96})
    policy = untrained(config)
    reused, fresh = StateProbe(config, policy), StateProbe(config, policy)
    first, other = reused(), fresh()
    monkeypatch.setattr("agents.acting.probe.play", None)  # nobody can play any more
    assert reused() == first == other


def test_the_scenes_of_a_game_are_played_anew_by_each_agent(
    game: tuple[StateProbe, dict[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    probe, _ = game
    monkeypatch.setattr("agents.acting.probe.play", None)
    with pytest.raises(TypeError):
        probe()
