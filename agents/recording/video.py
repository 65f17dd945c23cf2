"""Recordings as video, animated image, page or contact sheet."""

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from agents.recording.drawing import PAPER, Image
from agents.recording.encoder import GIF, MP4, encode_video
from agents.report.templates import data_uri, render_page
from agents.runs.files import check_output, write_whole

FORMATS = (".mp4", ".gif", ".html", ".png")
SHEET_COLUMNS, SHEET_ROWS = 3, 4
WIDE = 1000  # pixels; text in wider videos would be too small on a telephone


def write_video(
    frames: Iterable[Image], path: Path, *, fps: float, title: str, caption: Sequence[str] = ()
) -> None:
    """Write a recording as .mp4, .gif, .html (page) or .png (contact sheet).

    The frames are `[H, W, 3] uint8`, all of one size. A page has the title as its heading and the caption's
    paragraphs, the first above the video, the others below it.

    Raises:
        ConfigError: another suffix, or no such folder.
        OSError: the file cannot be written; no partial file is left.
    """
    check_output(path, FORMATS)
    if path.suffix == ".html":
        with tempfile.TemporaryDirectory() as folder:
            video = Path(folder) / "episode.mp4"
            encode_video(frames, video, fps, MP4)
            wide = cv2.VideoCapture(str(video)).get(cv2.CAP_PROP_FRAME_WIDTH) >= WIDE
            content = data_uri("video/mp4", video.read_bytes())
        page = {"title": title, "caption": caption, "video": content, "fps": fps, "wide": wide}
        write_whole(path, render_page("episode.html.j2", **page))
    elif path.suffix == ".png":
        write_whole(path, encode_png(_contact_sheet(list(frames))))
    else:
        encode_video(frames, path, fps, GIF if path.suffix == ".gif" else MP4)


def _contact_sheet(frames: Sequence[Image]) -> Image:
    """Return evenly spaced frames side by side, at most `SHEET_COLUMNS * SHEET_ROWS`."""
    count = min(SHEET_COLUMNS * SHEET_ROWS, len(frames))
    chosen = [frames[i] for i in np.linspace(0, len(frames) - 1, count).astype(int)]
    chosen += [np.full_like(frames[0], PAPER)] * (-count % SHEET_COLUMNS)
    return np.vstack([np.hstack(chosen[i : i + SHEET_COLUMNS]) for i in range(0, count, SHEET_COLUMNS)])


def encode_png(image: Image) -> bytes:
    """Return an image `[H, W, 3]` as a PNG file."""
    return cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


def count_frames(video: Path) -> int:
    """Return the number of frames of an MP4 file, else 0."""
    return int(cv2.VideoCapture(str(video)).get(cv2.CAP_PROP_FRAME_COUNT))
