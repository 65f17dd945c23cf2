"""Wrappers for small images (Mnih et al. 2015, doi:10.1038/nature14236, Methods), vectors, and stacks."""

from contextlib import suppress
from typing import Any

import cv2
import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box
from gymnasium.utils import RecordConstructorArgs
from gymnasium.wrappers import (
    AddRenderObservation,
    FlattenObservation,
    ResizeObservation,
    TransformObservation,
)
from numpy.typing import NDArray

from envs.config import ConfigError, EnvConfig
from envs.snapshot import Snapshot

Array = NDArray[Any]
Frame = NDArray[np.uint8]
CropBox = tuple[int, int, int, int]  # top, bottom, left, right in pixels


def image_space(*shape: int) -> gym.Space[Frame]:
    """Return the space of `uint8` images of this shape."""
    return Box(0, 255, shape, np.uint8)  # type: ignore[return-value]


def rendered_images(env: gym.Env[Any, Any], config: EnvConfig) -> gym.Env[Any, Any]:
    """Observe the rendered screen, gray, cropped and resized: `[H, W] uint8`."""
    return _cropped_and_resized(grayscale(AddRenderObservation(env)), config)


def own_images(env: gym.Env[Any, Any], config: EnvConfig) -> gym.Env[Any, Any]:
    """Observe the environment's own colour images, cropped and resized: `[H, W, C] -> [C, H, W]`."""
    resized = _cropped_and_resized(env, config)
    height, width, planes = resized.observation_space.shape  # type: ignore[misc]
    first = image_space(planes, height, width)
    return TransformObservation(resized, lambda image: np.moveaxis(image, -1, 0), first)


def _cropped_and_resized(env: gym.Env[Any, Any], config: EnvConfig) -> gym.Env[Any, Any]:
    return ResizeObservation(crop(env, config.crop) if config.crop else env, config.size)


def grayscale(env: gym.Env[Frame, Any]) -> gym.Env[Frame, Any]:
    """Observe the luma of an RGB image: `[H, W, 3] -> [H, W]` (ITU-R BT.601, as OpenCV computes it).

    Gymnasium's `GrayscaleObservation` is 70 times slower, and weights the colours differently from ALE and
    OpenCV.

    Example:
        >>> env = AddRenderObservation(gym.make("CartPole-v1", render_mode="rgb_array"))
        >>> grayscale(env).reset(seed=1)[0].shape
        (400, 600)
    """
    space = image_space(*env.observation_space.shape[:2])  # type: ignore[index]
    return TransformObservation(env, lambda image: cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), space)


def crop(env: gym.Env[Frame, Any], box: CropBox) -> gym.Env[Frame, Any]:
    """Observe a part of `[H, W]` or `[H, W, C]` images, contiguous; Gymnasium has no such wrapper.

    Raises:
        ConfigError: the box reaches outside the image.
    """
    height, width, *planes = env.observation_space.shape  # type: ignore[misc]
    check_crop(box, height, width, "the image")
    top, bottom, left, right = box
    part = np.s_[top:bottom, left:right]
    space = image_space(bottom - top, right - left, *planes)
    return TransformObservation(env, lambda image: np.ascontiguousarray(image[part]), space)


def check_crop(box: CropBox, height: int, width: int, image: str) -> None:
    """Raise a `ConfigError` if a box reaches outside an image of this size."""
    top, bottom, left, right = box
    if not (0 <= top < bottom <= height and 0 <= left < right <= width):
        raise ConfigError(
            f"--env.crop {top} {bottom} {left} {right} does not fit {image} of {height} rows and {width} "
            "columns; stay inside it or leave the option out."
        )


def state_vectors(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
    """Observe `float32` vectors: images and dictionaries are flattened, discrete parts one-hot.

    Raises:
        ConfigError: the observation space cannot be flattened.
    """
    space = env.observation_space
    if not (isinstance(space, Box) and len(space.shape) == 1):
        with suppress(NotImplementedError):  # Gymnasium knows how to flatten its own spaces only
            env = FlattenObservation(env)
    vectors = env.observation_space
    if not isinstance(vectors, Box):
        raise ConfigError(
            f"Observations of the kind {space} cannot be made a vector; use --obs pixels, or register "
            "the environment with a wrapper that leaves out what is no number."
        )
    if vectors.dtype == np.float32:
        return env
    with np.errstate(over="ignore"):  # float64's largest numbers become infinity
        low, high = vectors.low.astype(np.float32), vectors.high.astype(np.float32)
    return TransformObservation(env, lambda row: np.asarray(row, np.float32), Box(low, high))


class FrameStackObservation(gym.ObservationWrapper[Array, Any, Array], RecordConstructorArgs):
    """The newest `stack` frames, oldest first: `[H, W]` or `[planes, H, W] -> [S * planes, H, W]`.

    State vectors are stacked alike: `[D] -> [S * D]`.

    At the start of an episode the first frame fills the stack. Gymnasium's stacks on a new axis, is half
    as fast and cannot be saved.
    """

    def __init__(self, env: gym.Env[Array, Any], stack: int) -> None:
        RecordConstructorArgs.__init__(self, stack=stack)
        gym.ObservationWrapper.__init__(self, env)
        frame = env.observation_space
        assert isinstance(frame, Box)
        planes = (1, *frame.shape) if len(frame.shape) == 2 else frame.shape
        self.stack_size, self._planes = stack, planes[0]
        low, high = (
            np.tile(bound.reshape(planes), (stack, *[1] * (len(planes) - 1)))
            for bound in (frame.low, frame.high)
        )
        self.observation_space = Box(low, high, dtype=frame.dtype.type)  # type: ignore[arg-type]
        self._frames = np.zeros(low.shape, frame.dtype)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Start an episode; the stack holds its first frame `stack` times."""
        first, info = self.env.reset(seed=seed, options=options)
        self._frames.reshape(self.stack_size, self._planes, *self._frames.shape[1:])[:] = first
        return self._frames.copy(), info

    def observation(self, observation: Array) -> Array:
        """Drop the oldest frame, add the newest, return a copy of the stack."""
        self._frames[: -self._planes] = self._frames[self._planes :]
        self._frames[-self._planes :] = observation
        return self._frames.copy()

    def state_dict(self) -> Snapshot:
        """Return the frames of the stack."""
        return {"frames": self._frames.copy()}

    def load_state_dict(self, state: Snapshot) -> None:
        """Restore a `state_dict`."""
        self._frames[:] = np.asarray(state["frames"])
