"""Wrappers: Gymnasium's checks, stacks of frames, refusals."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import AddRenderObservation, RepeatAction, ResizeObservation

from envs.classic.cartpole import CartPolePixels
from envs.config import ConfigError, EnvConfig
from envs.factory import make_env, make_vector_env
from envs.snapshot import env_state, load_env_state
from envs.wrappers import FrameStackObservation, crop, grayscale

Wrap = Callable[[gym.Env[Any, Any]], gym.Env[Any, Any]]

FAST = EnvConfig(crop=(160, 320, 0, 600), size=(16, 60))
CHAINS: dict[str, Wrap] = {
    "render": AddRenderObservation,
    "gray": lambda env: grayscale(AddRenderObservation(env)),
    "crop": lambda env: crop(grayscale(AddRenderObservation(env)), (10, 200, 20, 300)),
    "resize": lambda env: ResizeObservation(grayscale(AddRenderObservation(env)), (40, 60)),
    "stack": lambda env: FrameStackObservation(
        ResizeObservation(grayscale(AddRenderObservation(env)), (40, 60)), 3
    ),
    "repeat": lambda env: AddRenderObservation(RepeatAction(env, 2)),
    "cartpole": lambda env: FrameStackObservation(CartPolePixels(env, FAST), 2),
}


def rendered(env_id: str = "CartPole-v1") -> gym.Env[Any, Any]:
    return gym.make(env_id, render_mode="rgb_array", disable_env_checker=True)


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_every_wrapper_passes_gymnasiums_checks(name: str) -> None:
    check_env(CHAINS[name](rendered()), skip_render_check=True)


def test_stack_begins_with_copies_of_the_first_image() -> None:
    env = CHAINS["stack"](rendered())
    observation, _ = env.reset(seed=3)
    assert observation.shape == (3, 40, 60)
    assert (observation[0] == observation[2]).all()


def test_stack_holds_the_newest_image_last() -> None:
    env = CHAINS["stack"](rendered())
    seen = [env.reset(seed=3)[0][-1]]
    for _ in range(5):
        observation, *_ = env.step(1)
        seen.append(observation[-1])
    np.testing.assert_array_equal(observation, np.stack(seen[-3:]))


def test_state_vectors_are_stacked_as_images_are() -> None:
    """Newest last, with the bounds of each variable, and saved with the environment."""
    one, stacked = (make_env(EnvConfig(id="CartPole-v1", obs="state", state_stack=n)) for n in (1, 3))
    seen = [env.reset(seed=3)[0] for env in (one, stacked)]
    np.testing.assert_array_equal(seen[1], np.tile(seen[0], 3))
    frames = [one.step(1)[0] for _ in range(4)]
    observations = [stacked.step(1)[0] for _ in range(4)]
    np.testing.assert_array_equal(observations[-1], np.concatenate(frames[-3:]))
    assert observations[-1].dtype == np.float32 and observations[-1] in stacked.observation_space
    resumed = make_env(EnvConfig(id="CartPole-v1", obs="state", state_stack=3))
    resumed.reset(seed=4)
    load_env_state(resumed, env_state(stacked))
    np.testing.assert_array_equal(resumed.step(0)[0], stacked.step(0)[0])


def test_an_observation_is_not_changed_by_later_steps() -> None:
    env = CHAINS["stack"](rendered())
    env.reset(seed=3)
    observation = env.step(1)[0]
    before = observation.copy()
    for _ in range(4):
        env.step(0)
    np.testing.assert_array_equal(observation, before)


def test_crop_outside_the_image_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not fit the image"):
        crop(grayscale(AddRenderObservation(rendered())), (0, 401, 0, 600))


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Acrobot-v1", "MountainCar-v0"])
def test_gray_image_is_opencvs_luma_of_the_render(env_id: str) -> None:
    """Worked by hand: Y = 0.299 R + 0.587 G + 0.114 B, rounded (OpenCV's fixed point: within 1)."""
    env = rendered(env_id)
    gray = grayscale(AddRenderObservation(env))
    observation, _ = gray.reset(seed=1)
    luma = np.asarray(env.render(), np.float64) @ [0.299, 0.587, 0.114]
    assert np.abs(observation - luma).max() <= 1.0


def test_an_action_is_repeated_until_the_episode_stops() -> None:
    """Four pushes a call; the sum of rewards is the number of steps taken, also in the last call."""
    plain, held = gym.make("CartPole-v1"), RepeatAction(gym.make("CartPole-v1"), 4)
    first, _ = plain.reset(seed=5)
    np.testing.assert_array_equal(first, held.reset(seed=5)[0])
    ended, steps, total = False, 0, 0.0
    while not ended:
        observation, reward, ended, _, _ = held.step(1)
        total += float(reward)
        for _ in range(int(float(reward))):
            expected, _, fell, _, _ = plain.step(1)
            steps += 1
        np.testing.assert_array_equal(observation, expected)
        assert fell == ended
    assert steps == total
    assert total % 4 != 0  # the episode stopped during a repeat


@pytest.mark.parametrize("obs", ["state", "pixels"])
def test_a_configuration_repeats_actions_with_either_observation(obs: Any) -> None:
    env = make_vector_env(EnvConfig(id="CartPole-v1", obs=obs, action_repeat=2), [1])
    env.reset()
    assert env.step(np.array([0])).reward.tolist() == [2.0]


def test_action_repeat_is_refused_for_atari() -> None:
    with pytest.raises(ConfigError, match=r"use --env\.frame-skip"):
        make_env(EnvConfig(id="ALE/Pong-v5", action_repeat=2))
