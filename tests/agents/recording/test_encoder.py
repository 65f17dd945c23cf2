"""Videos: their frames, and interrupted ones."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest

from agents.recording.encoder import GIF, MP4, encode_video


def images(count: int, side: int = 64) -> Iterator[Any]:
    """Gray images, each lighter than the one before."""
    for i in range(count):
        yield np.full((side, side, 3), 10 * i, np.uint8)


@pytest.mark.parametrize(("name", "options"), [("episode.mp4", MP4), ("episode.gif", GIF)])
def test_a_video_has_every_frame_and_its_rate(name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    encode_video(images(7), tmp_path / name, 25, options)
    video = cv2.VideoCapture(str(tmp_path / name))
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(25, abs=0.1)
    levels = []
    while (frame := video.read())[0]:
        levels.append(frame[1].mean())
    assert levels == pytest.approx([10 * i for i in range(7)], abs=3)


def test_odd_sides_become_even(tmp_path: Path) -> None:
    encode_video(images(2, side=63), tmp_path / "episode.mp4", 25, MP4)
    video = cv2.VideoCapture(str(tmp_path / "episode.mp4"))
    assert video.get(cv2.CAP_PROP_FRAME_WIDTH) == 64


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_interrupted_video_leaves_neither_file_nor_process(
    error: type[BaseException], tmp_path: Path
) -> None:
    def interrupted() -> Iterator[Any]:
        yield from images(3)
        raise error

    old = tmp_path / "episode.mp4"
    old.write_bytes(b"old")
    with pytest.raises(error):
        encode_video(interrupted(), old, 25, MP4)
    assert [path.name for path in tmp_path.iterdir()] == ["episode.mp4"] and old.read_bytes() == b"old"
    assert not [child for child in psutil.Process().children() if "ffmpeg" in child.name()]


def test_a_video_that_cannot_be_written_names_its_path(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere") as caught:
        encode_video(images(200), tmp_path / "nowhere" / "episode.mp4", 25, MP4)
    assert "ffmpeg" not in str(caught.value).replace(str(tmp_path), "")
