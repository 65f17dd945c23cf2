"""Wrappers that turn any rendered environment into a stack of small gray images.

Each does one thing and keeps Gymnasium's API. The order is `AddRenderObservation`,
`GrayscaleObservation`, `Crop`, `ResizeObservation`, `FrameStackObservation` (Mnih et al. 2015,
doi:10.1038/nature14236, Methods: Preprocessing). Only `FrameStackObservation` remembers anything from step
to step; its `state_dict` is what `envs/snapshot.py` saves.
"""

from typing import Any

import cv2
import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from envs.config import ConfigError

Frame = NDArray[np.uint8]


def image_space(*shape: int) -> Any:
    """The space of `uint8` images of this shape."""
    return Box(0, 255, shape, np.uint8)


class AddRenderObservation(gym.ObservationWrapper[Frame, Any, Any], RecordConstructorArgs):
    """Observes what `env.render()` draws, `[H, W, 3] uint8`, and nothing else.

    Raises:
        ConfigError: the environment does not render RGB arrays.

    Example:
        >>> env = AddRenderObservation(gym.make("CartPole-v1", render_mode="rgb_array"))
        >>> env.reset(seed=1)[0].shape
        (400, 600, 3)
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        RecordConstructorArgs.__init__(self)
        gym.ObservationWrapper.__init__(self, env)
        env.reset()
        frame = env.render()
        if not (isinstance(frame, np.ndarray) and frame.dtype == np.uint8 and frame.ndim == 3):
            raise ConfigError(
                f"{env} renders no RGB array; make it with render_mode='rgb_array' or use --obs state."
            )
        self.observation_space = image_space(*frame.shape)

    def observation(self, observation: Any) -> Frame:  # noqa: ARG002
        """Returns the image in place of the environment's own observation."""
        return self.env.render()  # type: ignore[return-value]


class RepeatAction(gym.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Holds each action for several steps and adds up their rewards (Mnih et al. 2015, Methods: k = 4).

    Example:
        >>> env = RepeatAction(gym.make("CartPole-v1"), 2)
        >>> _ = env.reset(seed=1)
        >>> env.step(0)[1]
        2.0
    """

    def __init__(self, env: gym.Env[Any, Any], times: int) -> None:
        RecordConstructorArgs.__init__(self, times=times)
        gym.Wrapper.__init__(self, env)
        self._times = times

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Steps until the action was held so often or the episode stops."""
        total = 0.0
        for _ in range(self._times):
            observation, reward, terminated, truncated, info = self.env.step(action)
            total += float(reward)
            if terminated or truncated:
                break
        return observation, total, terminated, truncated, info


class GrayscaleObservation(gym.ObservationWrapper[Frame, Any, Frame], RecordConstructorArgs):
    """Luma of an RGB image: `[H, W, 3] -> [H, W]` (ITU-R BT.601, as OpenCV computes it).

    Example:
        >>> env = AddRenderObservation(gym.make("CartPole-v1", render_mode="rgb_array"))
        >>> GrayscaleObservation(env).reset(seed=1)[0].shape
        (400, 600)
    """

    def __init__(self, env: gym.Env[Frame, Any]) -> None:
        RecordConstructorArgs.__init__(self)
        gym.ObservationWrapper.__init__(self, env)
        height, width, _ = env.observation_space.shape  # type: ignore[misc]
        self.observation_space = image_space(height, width)

    def observation(self, observation: Frame) -> Frame:
        """Returns the gray image."""
        return cv2.cvtColor(observation, cv2.COLOR_RGB2GRAY)  # type: ignore[return-value]


class Crop(gym.ObservationWrapper[Frame, Any, Frame], RecordConstructorArgs):
    """Keeps rows `top:bottom` and columns `left:right` of a gray image.

    Args:
        env: An environment that observes `[H, W]` images.
        box: `(top, bottom, left, right)` in pixels.

    Raises:
        ConfigError: the box reaches outside the image.
    """

    def __init__(self, env: gym.Env[Frame, Any], box: tuple[int, int, int, int]) -> None:
        RecordConstructorArgs.__init__(self, box=box)
        gym.ObservationWrapper.__init__(self, env)
        height, width = env.observation_space.shape  # type: ignore[misc]
        top, bottom, left, right = box
        if not (0 <= top < bottom <= height and 0 <= left < right <= width):
            raise ConfigError(
                f"--env.crop {top} {bottom} {left} {right} does not fit the image of "
                f"{height} rows and {width} columns; stay inside it or leave the option out."
            )
        self._rows, self._columns = slice(top, bottom), slice(left, right)
        self.observation_space = image_space(bottom - top, right - left)

    def observation(self, observation: Frame) -> Frame:
        """Returns the part that is kept, as a contiguous image."""
        return np.ascontiguousarray(observation[self._rows, self._columns])


class ResizeObservation(gym.ObservationWrapper[Frame, Any, Frame], RecordConstructorArgs):
    """Resizes a gray image with OpenCV's `INTER_AREA`, which averages instead of skipping pixels.

    Args:
        env: An environment that observes `[H, W]` images.
        size: `(height, width)` of the result in pixels.
    """

    def __init__(self, env: gym.Env[Frame, Any], size: tuple[int, int]) -> None:
        RecordConstructorArgs.__init__(self, size=size)
        gym.ObservationWrapper.__init__(self, env)
        self._size = (size[1], size[0])  # OpenCV counts width first
        self.observation_space = image_space(*size)

    def observation(self, observation: Frame) -> Frame:
        """Returns the resized image."""
        return cv2.resize(observation, self._size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


class FrameStackObservation(gym.ObservationWrapper[Frame, Any, Frame], RecordConstructorArgs):
    """The newest `stack` images, oldest first: `[H, W] -> [S, H, W]`.

    At the start of an episode the first image fills the stack.
    """

    def __init__(self, env: gym.Env[Frame, Any], stack: int) -> None:
        RecordConstructorArgs.__init__(self, stack=stack)
        gym.ObservationWrapper.__init__(self, env)
        self._frames = np.zeros((stack, *env.observation_space.shape), np.uint8)  # type: ignore[misc]
        self.observation_space = image_space(*self._frames.shape)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Frame, dict[str, Any]]:
        """Starts an episode; the stack holds its first image `stack` times."""
        first, info = self.env.reset(seed=seed, options=options)
        self._frames[:] = first
        return self._frames.copy(), info

    def observation(self, observation: Frame) -> Frame:
        """Drops the oldest image, adds the newest, returns a copy of the stack."""
        self._frames[:-1] = self._frames[1:]
        self._frames[-1] = observation
        return self._frames.copy()

    def state_dict(self) -> dict[str, Any]:
        """Returns the images in hand, `[S, H, W]`."""
        return {"frames": self._frames.copy()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        self._frames[:] = np.asarray(state["frames"])
