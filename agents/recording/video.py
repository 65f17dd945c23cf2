"""A play as a video, an animated image, a page or a sheet of images."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from agents.recording.drawing import PAPER, Image
from agents.recording.encoder import GIF, MP4, encode_video
from agents.report.templates import data_uri, render_page
from agents.runs.files import check_output, write_whole

GAP = 8  # pixels between the parts of a frame
CAPTION = 28  # pixels below them
SHEET_COLUMNS, SHEET_ROWS = 3, 4
WIDE = 1000  # pixels, from which a video holds words that a telephone would make too small


def compose(screen: Image, stack: Image | None, number: int, episode: int) -> Image:
    """Puts one frame of a play together.

    Args:
        screen: `[H, W, 3]` what a person would see.
        stack: `[S, h, w]` what a pixel agent sees, oldest first; None for a state agent.
        number: Frame number in the episode, written below.
        episode: Episode number, written below if above 0.

    Returns:
        `[H', W', 3]` with even sides, as video encoders want them.
    """
    parts = [screen]
    if stack is not None:
        room = (screen.shape[0] - GAP * (len(stack) - 1)) // len(stack)
        scale = min(room / stack.shape[1], screen.shape[1] / stack.shape[2])
        size = (int(stack.shape[2] * scale), int(stack.shape[1] * scale))
        column = np.full((screen.shape[0], size[0], 3), PAPER, np.uint8)
        for i, image in enumerate(stack):
            large = cv2.resize(image, size, interpolation=cv2.INTER_NEAREST)
            top = i * (size[1] + GAP)
            column[top : top + size[1]] = large[..., None]
            if top:
                column[top - GAP : top] = 128
        parts += [np.full((screen.shape[0], GAP, 3), 128, np.uint8), column]
    image = np.hstack(parts)
    height, width = image.shape[0] + CAPTION, image.shape[1]
    whole = np.full((height + height % 2, width + width % 2, 3), PAPER, np.uint8)
    whole[: image.shape[0], :width] = image
    text = f"frame {number}" + (f"  episode {episode}" if episode else "")
    place = (GAP, image.shape[0] + CAPTION - GAP)
    cv2.putText(whole, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    return whole


def _write_mp4(frames: Iterable[Image], path: Path, fps: float, *_words: Any) -> None:
    encode_video(frames, path, fps, MP4)


def _write_gif(frames: Iterable[Image], path: Path, fps: float, *_words: Any) -> None:
    encode_video(frames, path, fps, GIF)


def _write_html(
    frames: Iterable[Image], path: Path, fps: float, title: str, caption: tuple[str, ...]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "play.mp4"
        _write_mp4(frames, video, fps)
        wide = cv2.VideoCapture(str(video)).get(cv2.CAP_PROP_FRAME_WIDTH) >= WIDE
        content = data_uri("video/mp4", video.read_bytes())
    page = render_page("play.html.j2", title=title, caption=caption, video=content, fps=fps, wide=wide)
    write_whole(path, page)


def _write_png(frames: Iterable[Image], path: Path, _fps: float, *_words: Any) -> None:
    every = list(frames)
    count = min(SHEET_COLUMNS * SHEET_ROWS, len(every))
    chosen = [every[i] for i in np.linspace(0, len(every) - 1, count).astype(int)]
    blank = np.full_like(every[0], PAPER)
    chosen += [blank] * (-len(chosen) % SHEET_COLUMNS)
    rows = [np.hstack(chosen[i : i + SHEET_COLUMNS]) for i in range(0, len(chosen), SHEET_COLUMNS)]
    sheet = np.vstack(rows)
    write_whole(path, encoded_png(sheet))


def encoded_png(image: Image) -> bytes:
    """Returns an image `[H, W, 3]` as a PNG file."""
    return cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


WRITERS = {".mp4": _write_mp4, ".gif": _write_gif, ".html": _write_html, ".png": _write_png}


def write_play(
    frames: Iterable[Image], path: Path, *, fps: float, title: str, caption: tuple[str, ...] = ()
) -> None:
    """Writes a play: .mp4, .gif, .html (one self-contained page) or .png (a sheet of frames).

    Args:
        frames: `[H, W, 3] uint8` each, all of one size.
        path: Its ending decides the format.
        fps: Frames a second.
        title: Heading of the page.
        caption: Paragraphs of the page: the first above the video, the others below it.

    Raises:
        ConfigError: another ending, or no such folder.
        OSError: it cannot be written; nothing of it is left.
    """
    check_output(path, WRITERS)
    WRITERS[path.suffix](frames, path, fps, title, caption)


def count_frames(video: Path) -> int:
    """Returns the number of frames of an MP4 file; 0 where it is none."""
    return int(cv2.VideoCapture(str(video)).get(cv2.CAP_PROP_FRAME_COUNT))
