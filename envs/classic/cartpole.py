"""Fast CartPole images, bit for bit those of Gymnasium.

`CartPoleEnv.render()` spends 70 % of its time on one strided copy of 400 x 600 x 3 bytes, and most of
the rest on clearing and flipping the whole screen. Here the same pygame calls draw on one reused
surface, and only the rectangle they touched is read (through the surface's own buffer), converted to
gray, resized and wiped.

pygame draws from integer coordinates, so the image near the cart follows from a few integers: the
pole's corners relative to the cart, and the cart's offset from the blocks of pixels averaged by
`INTER_AREA`. If the image shrinks by whole factors, that small patch is cached.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import cv2
import gymnasium as gym
import numpy as np
import pygame
from gymnasium.envs.classic_control.cartpole import CartPoleEnv
from gymnasium.utils import RecordConstructorArgs
from pygame import gfxdraw

from envs.config import EnvConfig
from envs.wrappers import CropBox, Frame, check_crop, image_space

HEIGHT, WIDTH = 400, 600
SCALE = WIDTH / 4.8  # pixels a metre: the screen shows twice the x threshold of 2.4
CART_Y = 100  # the drawing's y axis points up
AXLE_Y = CART_Y + 30.0 / 4.0
POLE = [(-5.0, -5.0), (-5.0, SCALE - 5.0), (5.0, SCALE - 5.0), (5.0, -5.0)]
CART = [(-25, -15), (-25, 15), (25, 15), (25, -15)]
WHITE, BLACK, BROWN, BLUE = (255, 255, 255), (0, 0, 0), (202, 152, 101), (129, 132, 203)
MARGIN = 2  # anti-aliased edges reach at most this many pixels beyond their corners
REACH = 170  # the pole's tip is never farther from the cart's middle than this

Corners = Sequence[tuple[int, int]]


class CartPoleRenderer:
    """Renderer of CartPole's 400 x 600 screen: gray, cropped, resized.

    Raises:
        ConfigError: the crop reaches outside the screen.
    """

    def __init__(self, crop: CropBox, size: tuple[int, int]) -> None:
        check_crop(crop, HEIGHT, WIDTH, "CartPole's image")
        top, bottom, left, right = crop
        self._crop, self._size = crop, size
        self._surface = pygame.Surface((WIDTH, HEIGHT), depth=32)
        self._surface.fill(WHITE)
        gfxdraw.hline(self._surface, 0, WIDTH, CART_Y, BLACK)
        pixels = np.frombuffer(self._surface.get_buffer(), np.uint8)  # type: ignore[call-overload]
        self._bgra = pixels.reshape(HEIGHT, WIDTH, 4)  # row 0 is the bottom
        self._background = self._bgra.copy()
        self._gray = self._read(crop)
        self._empty = _resize(self._gray, size)
        self._block_y, rest_y = divmod(bottom - top, size[0])
        self._block_x, rest_x = divmod(right - left, size[1])
        # With whole blocks INTER_AREA is the mean of each, so a part can be resized by itself.
        self._whole_blocks = rest_y == rest_x == 0 and min(self._block_y, self._block_x) >= 1
        self._cached_patch = lru_cache(2**14)(self._patch)  # a few hundred bytes each

    def draw(self, x: float, theta: float) -> Frame:
        """Return the image `[height, width] uint8` of a cart at `x` metres, pole at `theta` rad."""
        cart_x = x * SCALE + WIDTH / 2.0
        axle = int(cart_x)
        turned = [pygame.math.Vector2(corner).rotate_rad(-theta) for corner in POLE]
        pole = [(int(dx + cart_x), int(dy + AXLE_Y)) for dx, dy in turned]
        _, _, left, right = self._crop
        inside = left + REACH < axle < right - REACH and abs(theta) < 1.0
        if not (self._whole_blocks and inside):
            cart = [(int(dx + cart_x), CART_Y + dy) for dx, dy in CART]
            return self._draw_plainly(cart, pole, axle)
        first = (axle - REACH - left) // self._block_x  # block where the patch begins
        shift = first * self._block_x
        shape = tuple([c for px, py in pole for c in (px - shift, py)])
        rows, columns, patch = self._cached_patch(axle - shift, shape)
        image = self._empty.copy()
        image[rows, first + columns.start : first + columns.stop] = patch
        return image

    def _draw_plainly(self, cart: Corners, pole: Corners, axle: int) -> Frame:
        """Draw anywhere, also over the edge of the screen, and resize the whole image."""
        top, _, left, _ = self._crop
        upper, lower, first, final = box = self._paint(cart, pole, axle)
        if upper >= lower or first >= final:
            return self._empty.copy()
        part = np.s_[upper - top : lower - top, first - left : final - left]
        background = self._gray[part].copy()
        self._gray[part] = self._read(box)
        image = _resize(self._gray, self._size)
        self._gray[part] = background
        self._wipe(box)
        return image

    def _patch(self, axle: int, shape: tuple[int, ...]) -> tuple[slice, slice, Frame]:
        """Draw near the crop's left edge; return the small rows, columns and pixels touched."""
        top, _, left, _ = self._crop
        cart = [(axle + dx, CART_Y + dy) for dx, dy in CART]
        pole = [*zip(shape[::2], shape[1::2], strict=True)]
        upper, lower, first, final = box = self._paint(cart, pole, axle)
        if upper >= lower or first >= final:
            return slice(0), slice(0), self._empty[:0, :0]
        height, width = self._block_y, self._block_x
        y0, y1 = (upper - top) // height, -((top - lower) // height)
        x0, x1 = (first - left) // width, -((left - final) // width)
        whole = (top + y0 * height, top + y1 * height, left + x0 * width, left + x1 * width)
        patch = _resize(self._read(whole), (y1 - y0, x1 - x0))
        self._wipe(box)
        return slice(y0, y1), slice(x0, x1), patch

    def _paint(self, cart: Corners, pole: Corners, axle: int) -> CropBox:
        """Draw as `CartPoleEnv.render`; return the box touched within the crop."""
        surface = self._surface
        gfxdraw.aapolygon(surface, cart, BLACK)
        gfxdraw.filled_polygon(surface, cart, BLACK)
        gfxdraw.aapolygon(surface, pole, BROWN)
        gfxdraw.filled_polygon(surface, pole, BROWN)
        gfxdraw.aacircle(surface, axle, int(AXLE_Y), 5, BLUE)
        gfxdraw.filled_circle(surface, axle, int(AXLE_Y), 5, BLUE)
        gfxdraw.hline(surface, 0, WIDTH, CART_Y, BLACK)
        xs, ys = zip(*cart, *pole, strict=True)
        top, bottom, left, right = self._crop
        rows = max(HEIGHT - 1 - max(ys) - MARGIN, top), min(HEIGHT - min(ys) + MARGIN, bottom)
        return *rows, max(min(xs) - MARGIN, left), min(max(xs) + 1 + MARGIN, right)

    def _wipe(self, box: CropBox) -> None:
        top, bottom, left, right = box
        part = np.s_[HEIGHT - bottom : HEIGHT - top, left:right]
        self._bgra[part] = self._background[part]

    def _read(self, box: CropBox) -> Frame:
        top, bottom, left, right = box
        upside_down = self._bgra[HEIGHT - bottom : HEIGHT - top, left:right]
        return cv2.flip(cv2.cvtColor(upside_down, cv2.COLOR_BGRA2GRAY), 0)  # type: ignore[return-value]


# A renderer has no state but its cache, so all environments share one.
shared_renderer = lru_cache(CartPoleRenderer)


def _resize(gray: Frame, size: tuple[int, int]) -> Frame:
    return cv2.resize(gray, size[::-1], interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


class CartPolePixels(gym.ObservationWrapper[Frame, Any, Any], RecordConstructorArgs):
    """`rendered_images` of CartPole, many times faster.

    Example:
        >>> env = CartPolePixels(gym.make("CartPole-v1"), EnvConfig(crop=(160, 320, 0, 600), size=(16, 60)))
        >>> env.reset(seed=1)[0].shape
        (16, 60)
    """

    def __init__(self, env: gym.Env[Any, Any], config: EnvConfig) -> None:
        RecordConstructorArgs.__init__(self, config=config)
        gym.ObservationWrapper.__init__(self, env)
        if not isinstance(env.unwrapped, CartPoleEnv):
            raise TypeError(f"CartPolePixels draws CartPole only, not {env}.")
        self._cartpole = env.unwrapped
        self._renderer = shared_renderer(config.crop or (0, HEIGHT, 0, WIDTH), config.size)
        self.observation_space = image_space(*config.size)

    def observation(self, observation: Any) -> Frame:  # noqa: ARG002
        """Return the image of the cart's true (float64) state, as drawn by `render()`."""
        state = self._cartpole.state
        assert state is not None
        return self._renderer.draw(state[0], state[2])
