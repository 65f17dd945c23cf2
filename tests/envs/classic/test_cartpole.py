"""The fast image of CartPole equals the plain one, bit for bit."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import AddRenderObservation, ResizeObservation

from envs.classic.cartpole import CartPolePixels, CartPoleRenderer
from envs.config import ConfigError, EnvConfig
from envs.wrappers import crop as crop_images
from envs.wrappers import grayscale

Box = tuple[int, int, int, int]
FULL: Box = (0, 400, 0, 600)
PLAY: Box = (160, 320, 0, 600)


def plain_layers(env: gym.Env[Any, Any], crop: Box, size: tuple[int, int]) -> list[Any]:
    render = AddRenderObservation(env)
    gray = grayscale(render)
    cropped = crop_images(gray, crop)
    return [render, gray, cropped, ResizeObservation(cropped, size)]


def plain_image(layers: list[Any]) -> Any:
    image = None
    for layer in layers:
        image = layer.observation(image)
    return image


@pytest.mark.parametrize(
    ("crop", "size", "count"),
    [
        (PLAY, (16, 60), 3_000),  # whole blocks: cached patches
        (PLAY, (32, 120), 1_000),
        (PLAY, (40, 150), 500),
        (PLAY, (160, 600), 200),  # not resized at all
        (FULL, (84, 84), 500),  # no whole blocks
        ((100, 333, 37, 551), (60, 60), 300),
    ],
)
def test_fast_image_equals_render_gray_crop_resize(crop: Box, size: tuple[int, int], count: int) -> None:
    """On random states, far beyond the end of an episode, over both edges of the screen."""
    env = gym.make("CartPole-v1", render_mode="rgb_array", disable_env_checker=True)
    env.reset(seed=1)
    layers = plain_layers(env, crop, size)
    fast = CartPolePixels(env, EnvConfig(crop=crop, size=size))
    random = np.random.default_rng(5)
    states = random.uniform([-3.0, -1, -0.5, -1], [3.0, 1, 0.5, 1], (count, 4))
    states[: count // 2] *= [0.6, 1, 0.45, 1]  # half of them in an agent's range
    base: Any = env.unwrapped
    for state in states:
        base.state = state
        np.testing.assert_array_equal(fast.observation(None), plain_image(layers), str(state))


def test_fast_image_equals_plain_image_along_whole_episodes() -> None:
    """Several episodes of random play, first and last frames included."""
    env = gym.make("CartPole-v1", render_mode="rgb_array", disable_env_checker=True)
    layers = plain_layers(env, PLAY, (16, 60))
    fast = CartPolePixels(env, EnvConfig(crop=PLAY, size=(16, 60)))
    random = np.random.default_rng(0)
    for seed in range(20):
        observation, _ = fast.reset(seed=seed)
        ended = False
        while not ended:
            np.testing.assert_array_equal(observation, plain_image(layers))
            observation, _, terminated, truncated, _ = fast.step(int(random.integers(2)))
            ended = terminated or truncated
        np.testing.assert_array_equal(observation, plain_image(layers))


def test_a_drawn_image_is_a_copy() -> None:
    renderer = CartPoleRenderer(PLAY, (16, 60))
    first = renderer.draw(0.0, 0.0)
    before = first.copy()
    first[:] = 7
    np.testing.assert_array_equal(renderer.draw(0.0, 0.0), before)


def test_crop_outside_the_screen_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not fit CartPole's image"):
        CartPoleRenderer((0, 400, 0, 601), (84, 84))


def test_only_cartpole_is_drawn_fast() -> None:
    with pytest.raises(TypeError, match="CartPole only"):
        CartPolePixels(gym.make("Acrobot-v1"), EnvConfig())
