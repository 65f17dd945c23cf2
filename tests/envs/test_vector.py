"""The façade: autoreset, true last observations, the same episodes for state and pixels."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from agents.acting.image_check import check_image
from envs.config import ConfigError, EnvConfig
from envs.factory import make_env, make_vector_env
from envs.spec import describe
from envs.vector import SerialVectorEnv
from envs.wrappers import image_space
from tests.toy import Counter

CARTPOLE: dict[str, Any] = {"crop": (160, 320, 0, 600), "size": (16, 60), "frame_stack": 2}


def counters(num_envs: int, limit: int) -> SerialVectorEnv:
    envs = [gym.wrappers.TimeLimit(Counter(), limit) for _ in range(num_envs)]
    return SerialVectorEnv(envs, list(range(num_envs)))


def test_step_hands_over_the_true_last_observation_and_the_new_first_one() -> None:
    env = counters(2, 100)
    env.reset()
    env.step(np.array([0, 0]))
    step = env.step(np.array([1, 0]))
    assert step.next_observation.tolist() == [[2], [2]]
    assert step.observation.tolist() == [[0], [2]]
    assert step.terminated.tolist() == [True, False]
    assert step.last.tolist() == [True, False]


def test_truncation_is_last_but_not_terminated() -> None:
    env = counters(1, 2)
    env.reset()
    env.step(np.array([0]))
    step = env.step(np.array([0]))
    assert (step.terminated[0], step.last[0]) == (False, True)
    assert step.next_observation.tolist() == [[2]]


def test_actions_are_counted_from_zero_whatever_the_space_starts_at() -> None:
    env = counters(1, 100)
    env.reset()
    assert env.num_actions == 2
    assert env.step(np.array([1])).terminated[0]


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Acrobot-v1", "MountainCar-v0"])
def test_rewards_and_ends_are_the_same_from_state_and_from_pixels(env_id: str) -> None:
    pixels = CARTPOLE if env_id == "CartPole-v1" else {"size": (42, 42), "frame_stack": 2}
    configs = [EnvConfig(id=env_id, obs="state"), EnvConfig(id=env_id, obs="pixels", **pixels)]
    envs = [make_vector_env(config, [3, 4]) for config in configs]
    for env in envs:
        env.reset()
    random = np.random.default_rng(0)
    ends = 0
    for _ in range(510):
        action = random.integers(envs[0].num_actions, size=2)
        state, image = (env.step(action) for env in envs)
        np.testing.assert_array_equal(state.reward, image.reward)
        np.testing.assert_array_equal(state.terminated, image.terminated)
        np.testing.assert_array_equal(state.last, image.last)
        ends += int(state.last.sum())
    assert ends > 0


@pytest.mark.parametrize("obs", ["state", "pixels"])
@pytest.mark.parametrize("env_id", ["CartPole-v1", "Acrobot-v1", "MountainCar-v0"])
def test_environments_are_resumed_exactly(env_id: str, obs: Any) -> None:
    pixels = CARTPOLE if env_id == "CartPole-v1" else {"size": (42, 42), "frame_stack": 2}
    config = EnvConfig(id=env_id, obs=obs, **(pixels if obs == "pixels" else {}))
    first, second = make_vector_env(config, [1, 2]), make_vector_env(config, [8, 9])
    assert first.exact
    random = np.random.default_rng(0)
    actions = random.integers(first.num_actions, size=(260, 2))
    first.reset(), second.reset()
    for action in actions[:60]:
        observation = first.step(action).observation.copy()
    np.testing.assert_array_equal(second.load_state_dict(first.state_dict()), observation)
    for action in actions[60:]:
        for left, right in zip(first.step(action), second.step(action), strict=True):
            np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Acrobot-v1", "MountainCar-v0"])
def test_the_savable_time_limit_truncates_as_gymnasiums(env_id: str) -> None:
    """Two episodes and more; with the first action MountainCar and Acrobot run into their limits."""
    ours, theirs = make_env(EnvConfig(id=env_id, obs="state")), gym.make(env_id, disable_env_checker=True)
    ours.reset(seed=2), theirs.reset(seed=2)
    for t in range(1100):
        action = t % 2 if env_id == "CartPole-v1" else 0
        left, right = ours.step(action), theirs.step(action)
        np.testing.assert_array_equal(left[0], right[0])
        assert left[1:4] == right[1:4]
        if left[2] or left[3]:
            np.testing.assert_array_equal(ours.reset()[0], theirs.reset()[0])


def test_every_state_space_becomes_a_float_vector() -> None:
    env = make_env(EnvConfig(id="FrozenLake-v1", obs="state"))
    observation, _ = env.reset(seed=1)
    assert observation.dtype == np.float32
    assert observation.shape == (16,)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (EnvConfig(id="CartPol-v1"), "did you mean CartPole-v1"),
        (EnvConfig(id="no such thing!"), "is not a Gymnasium environment"),
        (EnvConfig(id="Pendulum-v1", obs="state"), "continuous actions"),
        (EnvConfig(id="phys2d/Nothing-v9"), "is not a Gymnasium environment"),
    ],
)
def test_an_impossible_environment_is_refused(config: EnvConfig, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        make_env(config)


class Drawn(Counter):
    """Counter with an image, which `paint` decides."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 1}  # noqa: RUF012

    def __init__(self, paint: str = "moving", render_mode: str | None = None) -> None:
        self.paint, self.render_mode = paint, render_mode

    def render(self) -> Any:
        image = np.zeros((90, 90, 3), np.uint8)
        if self.paint != "blank":
            image[self.count % 90 if self.paint == "moving" else 5] = 255
        return image[..., 0] if self.paint == "flat" else image


@pytest.fixture
def drawn() -> Any:
    names = {p: f"Test{p.title()}-v0" for p in ("moving", "blank", "still", "flat")}
    for paint, name in names.items():
        gym.register(name, Drawn, kwargs={"paint": paint}, max_episode_steps=50)
    gym.register("TestUndrawn-v0", Counter)
    yield names
    for name in (*names.values(), "TestUndrawn-v0"):
        del gym.registry[name]


def test_a_blank_or_still_image_is_refused(drawn: dict[str, str]) -> None:
    check_image(EnvConfig(id=drawn["moving"]), 0)
    for paint, sentence in (("blank", "is blank"), ("still", "never changes")):
        with pytest.raises(ConfigError, match=sentence):
            check_image(EnvConfig(id=drawn[paint]), 0)


def test_a_render_without_colours_is_refused(drawn: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="renders no RGB array"):
        make_env(EnvConfig(id=drawn["flat"]))


def test_pixels_where_nothing_can_be_rendered_are_refused(drawn: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="cannot be drawn"):
        make_env(EnvConfig(id="TestUndrawn-v0", obs="pixels"))


def test_reward_thresholds_come_from_gymnasium() -> None:
    for env_id, threshold in (("CartPole-v1", 475.0), ("FrozenLake-v1", 0.7)):
        assert describe(EnvConfig(id=env_id, obs="state")).reward_threshold == threshold


def test_image_space_is_bytes() -> None:
    assert image_space(3, 4).dtype == np.uint8


def test_an_environment_that_does_not_act_stays_as_it_is() -> None:
    config = EnvConfig(obs="state")
    env, alone = make_vector_env(config, [3, 4]), make_vector_env(config, [4])
    at = env.reset().copy()
    alone.reset()
    for _ in range(40):
        step, lone = env.step(np.array([1, 1]), np.array([False, True])), alone.step(np.array([1]))
        np.testing.assert_array_equal(step.observation[0], at[0])
        np.testing.assert_array_equal(step.observation[1], lone.observation[0])
        assert (step.reward[0], step.last[0], step.terminated[0]) == (0.0, False, False)
    rested, fresh = env.step(np.array([1, 1])), make_vector_env(config, [3])
    fresh.reset()
    np.testing.assert_array_equal(rested.observation[0], fresh.step(np.array([1])).observation[0])


def test_an_environment_that_rests_after_an_end_rests_at_a_new_episodes_start() -> None:
    env = make_vector_env(EnvConfig(obs="state"), [3])
    env.reset()
    for _ in range(500):
        step = env.step(np.array([1]))
        if step.last[0]:
            break
    start = step.observation.copy()
    assert np.abs(start).max() < 0.05 < np.abs(step.next_observation).max()
    np.testing.assert_array_equal(env.step(np.array([1]), np.array([False])).observation, start)
