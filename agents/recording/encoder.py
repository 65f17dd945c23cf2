"""Video files encoded by ffmpeg, written atomically and silently."""

import errno
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import IO

import imageio_ffmpeg
import numpy as np

from agents.recording.drawing import Image
from agents.runs.files import replacing

# Half the time of libx264's default preset, and smaller files for frames of text and flat areas.
MP4 = (
    *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "20", "-preset", "veryfast"),
    *("-vf", "scale=ceil(iw/2)*2:ceil(ih/2)*2", "-movflags", "+faststart"),
)
GIF = ("-c:v", "gif", "-filter_complex", "split[a][b];[a]palettegen[p];[b][p]paletteuse")


def encode_video(frames: Iterable[Image], path: Path, fps: float, options: Sequence[str]) -> None:
    """Encode a video.

    Args:
        frames: `[H, W, 3] uint8` each, all of one size; at least one.
        path: Its suffix decides the container.
        fps: Frames per second.
        options: Output options of ffmpeg; `MP4` or `GIF`.

    Raises:
        OSError: the file cannot be written, as on a full disk; no partial file is left.
    """
    iterator = iter(frames)
    first = next(iterator)
    size = f"{first.shape[1]}x{first.shape[0]}"
    source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", f"{fps:.02f}", "-i", "-")
    with replacing(path) as partial, tempfile.TemporaryFile() as errors:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *source, "-an", *options]
        encoder = subprocess.Popen(
            [*command, str(partial)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,  # Ctrl-C is for this process alone
        )
        try:
            _feed(encoder, chain([first], iterator))
        except BaseException:
            encoder.kill()
            _end(encoder)
            raise
        if encoder.returncode:
            raise _failure(encoder.returncode, errors, path)


def _feed(encoder: "subprocess.Popen[bytes]", frames: Iterable[Image]) -> None:
    """Pipe the frames to the encoder and wait until it exits."""
    assert encoder.stdin is not None
    for frame in frames:
        try:
            encoder.stdin.write(np.ascontiguousarray(frame).data)
        except BrokenPipeError:  # the encoder exited early; its exit status tells why
            break
    _end(encoder)


def _end(encoder: "subprocess.Popen[bytes]") -> None:
    assert encoder.stdin is not None
    with suppress(BrokenPipeError):
        encoder.stdin.close()
    encoder.wait()


def _failure(status: int, errors: IO[bytes], path: Path) -> OSError:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").splitlines()
    full = os.strerror(errno.ENOSPC)
    if status == -signal.SIGXFSZ or any(full in line for line in lines):
        return OSError(errno.ENOSPC, full, str(path))
    return OSError(errno.EIO, lines[-1] if lines else f"ffmpeg exited with status {status}", str(path))
