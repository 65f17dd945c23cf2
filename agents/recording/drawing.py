"""Drawing primitives of the panels: text, images, bars."""

from functools import partial

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

    Its base line starts at `position`, `(x, y)` in pixels, or ends there if `right`. `size` is in OpenCV's
    unit; bold text is twice as thick.
    """
    x = position[0] - text_width(text, size, bold=bold) if right else position[0]
    cv2.putText(area, text, (x, position[1]), FONT, size, colour, 1 + bold, cv2.LINE_AA)


write_small = partial(write, colour=MUTED, size=0.4)


def fit(shape: tuple[int, ...], bounds: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size within bounds that keeps the aspect ratio.

    Example:
        >>> fit((16, 60), (400, 354)), fit((84, 84), (90, 354))
        ((80, 300), (90, 90))
    """
    scale = min(bounds[0] / shape[0], bounds[1] / shape[1])
    if scale >= 3:  # from here on by integer factors, so that all pixels look alike
        scale = int(scale)
    return max(int(shape[0] * scale), 1), max(int(shape[1] * scale), 1)


def paste(area: Image, image: Image, size: tuple[int, int], top: int, left: int) -> None:
    """Paste a gray or coloured image with a thin frame.

    The image, `[h, w]` or `[h, w, 3]`, is resized; enlarged, its pixels stay visible.
    """
    height, width = size
    if height >= image.shape[0]:
        interpolation = cv2.INTER_NEAREST
    else:  # area means take five times as long; only strong shrinking needs them
        interpolation = cv2.INTER_AREA if 2 * height < image.shape[0] else cv2.INTER_LINEAR
    resized = cv2.resize(image, (width, height), interpolation=interpolation)
    area[top : top + height, left : left + width] = resized if image.ndim == 3 else resized[..., None]
    cv2.rectangle(area, (left - 1, top - 1), (left + width, top + height), MUTED, 1)


def bar(area: Image, top: int, height: int, track: tuple[int, int], share: float, colour: Colour) -> None:
    """Draw a bar that fills a share of its track `(left, right)`."""
    end = track[0] + round(min(max(share, 0.0), 1.0) * (track[1] - track[0]))
    area[top : top + height, track[0] : track[1]] = FAINT
    area[top : top + height, track[0] : end] = colour
