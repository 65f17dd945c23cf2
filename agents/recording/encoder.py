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
    """Encode one or more frames with options `MP4` or `GIF`.

    They are `[H, W, 3] uint8`, all of one size.

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
        assert encoder.stdin is not None
        try:
            with suppress(BrokenPipeError), encoder.stdin as pipe:  # its exit status tells why it broke
                for frame in chain([first], iterator):
                    pipe.write(np.ascontiguousarray(frame).data)
        except BaseException:
            encoder.kill()
            raise
        finally:
            encoder.wait()
        if encoder.returncode:
            raise _failure(encoder.returncode, errors, path)


def _failure(status: int, errors: IO[bytes], path: Path) -> OSError:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").splitlines()
    full = os.strerror(errno.ENOSPC)
    if status == -signal.SIGXFSZ or any(full in line for line in lines):
        return OSError(errno.ENOSPC, full, str(path))
    return OSError(errno.EIO, lines[-1] if lines else f"ffmpeg exited with status {status}", str(path))
