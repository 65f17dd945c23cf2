"""Words and images on a canvas: what the panels of a frame are made of."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Array = NDArray[Any]
Colour = tuple[int, int, int]

PAPER = 255
INK: Colour = (40, 40, 40)
MUTED: Colour = (125, 125, 125)
FAINT: Colour = (230, 230, 230)
# Okabe and Ito's, which the colour-blind tell apart.
BLUE: Colour = (0, 114, 178)
ORANGE: Colour = (230, 159, 0)
VERMILLION: Colour = (213, 94, 0)

FONT = cv2.FONT_HERSHEY_SIMPLEX
WHOLE = 3  # from this factor up images grow by whole factors, so that all their pixels look alike
BLUR = 3.0  # standard deviation in pixels (Greydanus et al. 2018, section 3.2)
SPOTS, LEAST_SPOT = 40, 1.5  # a spot is that share of the shorter side, or at least so many pixels
TOP_SHARE = 99.0  # percentile of a saliency map that is drawn in full colour (Smilkov et al. 2017, 4.1)


def text_width(text: str, size: float = 0.45, *, bold: bool = False) -> int:
    """Returns the width in pixels of what `write` writes."""
    return int(cv2.getTextSize(text, FONT, size, 1 + bold)[0][0])


def write(
    area: Image,
    text: str,
    place: tuple[int, int],
    *,
    colour: Colour = INK,
    size: float = 0.45,
    bold: bool = False,
    right: bool = False,
) -> None:
    """Writes a line of ASCII text.

    Args:
        area: `[H, W, 3]`, written to.
        text: The line.
        place: `(x, y)` in pixels of the left end of the base line, or of its right end if `right`.
        colour: RGB.
        size: In OpenCV's unit.
        bold: Twice as thick.
        right: See `place`.
    """
    x = place[0] - text_width(text, size, bold=bold) if right else place[0]
    cv2.putText(area, text, (x, place[1]), FONT, size, colour, 1 + bold, cv2.LINE_AA)


def fit(shape: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """Returns the largest `(height, width)` of an image of this shape within the room.

    Example:
        >>> fit((16, 60), (400, 354)), fit((84, 84), (90, 354))
        ((80, 300), (90, 90))
    """
    scale = min(room[0] / shape[0], room[1] / shape[1])
    if scale >= WHOLE:
        scale = int(scale)
    return max(int(shape[0] * scale), 1), max(int(shape[1] * scale), 1)


def resized(image: Image, size: tuple[int, int]) -> Image:
    """Returns an image with this `(height, width)`; where it grows, its pixels stay visible."""
    if size[0] >= image.shape[0]:
        way = cv2.INTER_NEAREST
    else:  # means of areas take five times as long and are needed only where pixels would be skipped
        way = cv2.INTER_AREA if 2 * size[0] < image.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(image, size[::-1], interpolation=way)  # type: ignore[return-value]


def paste(area: Image, image: Image, top: int, left: int) -> None:
    """Puts a gray `[h, w]` or coloured `[h, w, 3]` image into the area, with a thin frame around it."""
    height, width = image.shape[:2]
    area[top : top + height, left : left + width] = image if image.ndim == 3 else image[..., None]
    cv2.rectangle(area, (left - 1, top - 1), (left + width, top + height), MUTED, 1)


def bar(area: Image, top: int, height: int, track: tuple[int, int], share: float, colour: Colour) -> None:
    """Fills a share of the track, from its left end."""
    end = track[0] + round(min(max(share, 0.0), 1.0) * (track[1] - track[0]))
    area[top : top + height, track[0] : track[1]] = FAINT
    area[top : top + height, track[0] : end] = colour


def effect_of_blurring(images: Image, gradient: Array) -> Array:
    """Returns how far the value moves where the images lose their detail around each pixel, `[h, w]`.

    Greydanus et al. 2018, arXiv:1711.00138, blur one spot after another and ask the network each time;
    this is the same to first order, in one go: `|mask * Σ_s (blurred_s - image_s) gradient_s|`. A bare
    gradient also lights up the empty background, where anything new would change the value.

    Args:
        images: `[S, h, w]`, what the agent sees.
        gradient: `[S, h, w]`, of the value, per gray level.
    """
    sharp = images.astype(np.float32)
    lost = np.stack([cv2.GaussianBlur(image, (0, 0), BLUR) for image in sharp]) - sharp
    spot = max(min(images.shape[1:]) / SPOTS, LEAST_SPOT)
    return np.abs(cv2.GaussianBlur((lost * gradient).sum(axis=0), (0, 0), spot))


def strength(effect: Array) -> Array:
    """Returns a map's entries, 0 or more, on a scale from 0 to 1 that its 99th percentile reaches.

    Example:
        >>> strength(np.array([0.0, 2.0, 2.0])).tolist()
        [0.0, 1.0, 1.0]
    """
    top = np.percentile(effect, TOP_SHARE) or effect.max()
    return np.minimum(effect / top, 1.0) if top > 0 else effect


def overlay(gray: Image, share: Array, colour: Colour = VERMILLION) -> Image:
    """Returns a gray image `[h, w]` with a colour laid over it: `[h, w, 3]`.

    Args:
        gray: The image; it shows as it is where `share` is 0.
        share: `[h, w]` from 0 to 1, how much of the colour.
        colour: RGB.
    """
    alpha = share[..., None]
    return np.rint((1 - alpha) * gray[..., None] + alpha * np.array(colour)).astype(np.uint8)
