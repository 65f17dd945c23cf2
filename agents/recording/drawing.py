"""Drawing primitives of the panels: text, images, bars, saliency overlays."""

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.floating]
Numbers = NDArray[np.number]
Colour = tuple[int, int, int]

PAPER = 255
INK: Colour = (40, 40, 40)
MUTED: Colour = (125, 125, 125)
FAINT: Colour = (230, 230, 230)
# Okabe and Ito's palette, safe for colour-blind readers.
BLUE: Colour = (0, 114, 178)
ORANGE: Colour = (230, 159, 0)
VERMILLION: Colour = (213, 94, 0)

FONT = cv2.FONT_HERSHEY_SIMPLEX
INTEGER_SCALE = 3  # from this factor on images grow by integer factors, so that all pixels look alike
BLUR = 3.0  # standard deviation in pixels (Greydanus et al. 2018, section 3.2)
SPOTS, MIN_SPOT = 40, 1.5  # a spot measures the shorter side / SPOTS, at least MIN_SPOT pixels
TOP_PERCENTILE = 99.0  # of a saliency map, drawn in full colour (Smilkov et al. 2017, 4.1)


def text_width(text: str, size: float = 0.45, *, bold: bool = False) -> int:
    """Return the width in pixels of text drawn by `write`."""
    return int(cv2.getTextSize(text, FONT, size, 1 + bold)[0][0])


def write(
    area: Image,
    text: str,
    position: tuple[int, int],
    *,
    colour: Colour = INK,
    size: float = 0.45,
    bold: bool = False,
    right: bool = False,
) -> None:
    """Draw a line of ASCII text.

    Args:
        area: `[H, W, 3]`, written to.
        text: The line.
        position: `(x, y)` in pixels of the left end of the base line, or of its right end if `right`.
        colour: RGB.
        size: In OpenCV's unit.
        bold: Twice as thick.
        right: Whether to align right.
    """
    x = position[0] - text_width(text, size, bold=bold) if right else position[0]
    cv2.putText(area, text, (x, position[1]), FONT, size, colour, 1 + bold, cv2.LINE_AA)


def fit(shape: tuple[int, int], bounds: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size within bounds that keeps the aspect ratio.

    Example:
        >>> fit((16, 60), (400, 354)), fit((84, 84), (90, 354))
        ((80, 300), (90, 90))
    """
    scale = min(bounds[0] / shape[0], bounds[1] / shape[1])
    if scale >= INTEGER_SCALE:
        scale = int(scale)
    return max(int(shape[0] * scale), 1), max(int(shape[1] * scale), 1)


def resize(image: Image, size: tuple[int, int]) -> Image:
    """Resize an image to `(height, width)`; enlarged, its pixels stay visible."""
    if size[0] >= image.shape[0]:
        interpolation = cv2.INTER_NEAREST
    else:  # area means take five times as long; only strong shrinking needs them
        interpolation = cv2.INTER_AREA if 2 * size[0] < image.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(image, size[::-1], interpolation=interpolation)  # type: ignore[return-value]


def paste(area: Image, image: Image, top: int, left: int) -> None:
    """Paste a gray `[h, w]` or RGB `[h, w, 3]` image, framed."""
    height, width = image.shape[:2]
    area[top : top + height, left : left + width] = image if image.ndim == 3 else image[..., None]
    cv2.rectangle(area, (left - 1, top - 1), (left + width, top + height), MUTED, 1)


def bar(area: Image, top: int, height: int, track: tuple[int, int], share: float, colour: Colour) -> None:
    """Draw a bar that fills a share of its track `(left, right)`."""
    end = track[0] + round(min(max(share, 0.0), 1.0) * (track[1] - track[0]))
    area[top : top + height, track[0] : track[1]] = FAINT
    area[top : top + height, track[0] : end] = colour


def blurring_effect(images: Image, gradient: Floats) -> Floats:
    """Return the value's change under local blurring, by pixel: `[h, w]`.

    Greydanus et al. 2018, arXiv:1711.00138, blur one spot after another and evaluate the network each
    time; this is the same to first order, at once: `|mask * Σ_s (blurred_s - image_s) gradient_s|`. A bare
    gradient would also highlight the empty background, where anything new changes the value.

    Args:
        images: `[S, h, w]`, the observation.
        gradient: `[S, h, w]` of the value, per gray level.
    """
    sharp = images.astype(np.float32)
    detail = np.stack([cv2.GaussianBlur(image, (0, 0), BLUR) for image in sharp]) - sharp
    spot = max(min(images.shape[1:]) / SPOTS, MIN_SPOT)
    return np.abs(cv2.GaussianBlur((detail * gradient).sum(axis=0), (0, 0), spot))


def normalise(effect: Floats) -> Floats:
    """Scale a non-negative map to [0, 1], clipped at its 99th percentile.

    Example:
        >>> normalise(np.array([0.0, 2.0, 2.0])).tolist()
        [0.0, 1.0, 1.0]
    """
    top = np.percentile(effect, TOP_PERCENTILE) or effect.max()
    return np.minimum(effect / top, 1.0) if top > 0 else effect


def overlay(gray: Image, alpha: Floats, colour: Colour = VERMILLION) -> Image:
    """Blend a colour over a gray image `[h, w]`: `[h, w, 3]`.

    Args:
        gray: The image.
        alpha: `[h, w]` opacity of the colour, from 0 to 1.
        colour: RGB.
    """
    opacity = alpha[..., None]
    return np.rint((1 - opacity) * gray[..., None] + opacity * np.array(colour)).astype(np.uint8)
