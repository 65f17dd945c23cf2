"""Event files for TensorBoard, written where they are asked for: no thread, no queue.

The writers of torch and tensorboard hand everything to a thread; on a full disk it dies unheard and the
program waits for it for ever. Here the caller gets the `OSError`.
"""

import os
import socket
import time
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.summary.writer.record_writer import RecordWriter
from torch.utils.tensorboard import summary as make

VIDEO_SIDE = 120  # pixels of a video's longer side, about
VIDEO_MILLISECONDS = 60  # a frame
EDGES = 1e-12 * 1.1 ** np.arange(774)  # of a histogram's bins, on either side of 0
BINS = [*-EDGES[::-1], 0.0, *EDGES]
FIRST = ("env.id", "env.obs", "preset", "seed", "steps")
"""Settings that the *HParams* table opens on; the others are ticked beside it."""


def _opening(experiment: Summary) -> Summary:
    """Returns the head of the *HParams* table with `FIRST` marked as differing between runs.

    TensorBoard shows five columns of settings at the start: those so marked, then by name.
    """
    metadata = experiment.value[0].metadata.plugin_data
    content = HParamsPluginData.FromString(metadata.content)
    for info in content.experiment.hparam_infos:
        info.differs = info.name in FIRST
    metadata.content = content.SerializeToString()
    return experiment


class EventFile:
    """A new event file in a folder.

    Args:
        folder: It exists.
        purge_step: TensorBoard drops what older files of the folder hold from this step on.
    """

    def __init__(self, folder: Path, purge_step: int) -> None:
        name = f"events.out.tfevents.{time.time_ns() // 10**9}.{socket.gethostname()}.{os.getpid()}"
        taken = len(list(folder.glob(f"{name}.*")))
        self._records = RecordWriter((folder / f"{name}.{taken}").open("wb"))
        self._write(Event(file_version="brain.Event:2"))
        self._write(Event(step=purge_step, session_log=SessionLog(status=SessionLog.START)))

    def _write(self, event: Event) -> None:
        event.wall_time = time.time()
        self._records.write(event.SerializeToString())

    def _add(self, summary: Summary, env_steps: int = 0) -> None:
        self._write(Event(step=env_steps, summary=summary))

    def scalars(self, env_steps: int, values: Mapping[str, float]) -> None:
        """Adds scalars under their tags."""
        for tag, value in values.items():
            self._add(Summary(value=[Summary.Value(tag=tag, simple_value=float(value))]), env_steps)

    def image(self, env_steps: int, tag: str, image: NDArray[Any]) -> None:
        """Adds a gray image `[H, W] uint8`."""
        self._add(make.image(tag, image[np.newaxis], dataformats="CHW"), env_steps)

    def histogram(self, env_steps: int, tag: str, values: NDArray[Any]) -> None:
        """Adds how numbers `[N]` are distributed."""
        self._add(make.histogram(tag, values, BINS), env_steps)

    def video(self, env_steps: int, tag: str, images: NDArray[Any]) -> None:
        """Adds gray images `[T, H, W] uint8` as an animated GIF: TensorBoard plays such images."""
        scale = max(VIDEO_SIDE // max(images.shape[1:]), 1)
        first, *others = (Image.fromarray(image.repeat(scale, 0).repeat(scale, 1)) for image in images)
        encoded = BytesIO()
        first.save(encoded, "GIF", save_all=True, append_images=others, duration=VIDEO_MILLISECONDS, loop=0)
        image = Summary.Image(
            height=first.height, width=first.width, colorspace=1, encoded_image_string=encoded.getvalue()
        )
        self._add(Summary(value=[Summary.Value(tag=tag, image=image)]), env_steps)

    def text(self, env_steps: int, tag: str, sentence: str) -> None:
        """Adds a sentence."""
        self._add(make.text(tag, sentence), env_steps)

    def charts(self, layout: Mapping[str, Any]) -> None:
        """Adds which tags are drawn on which chart of *Custom scalars*."""
        self._add(make.custom_scalars(layout))

    def settings(self, values: Mapping[str, Any], results: Iterable[str]) -> None:
        """Adds settings by name for the *HParams* table, and the tags of the results beside them.

        Args:
            values: Settings; the table opens on `FIRST` of them.
            results: The tags, the first five of which the table opens on.
        """
        plain = {k: v if isinstance(v, (bool, int, float)) else str(v) for k, v in values.items()}
        experiment, *session = make.hparams(plain, dict.fromkeys(results, 0.0))
        for summary in (_opening(experiment), *session):
            self._add(summary)

    def flush(self) -> None:
        """Hands everything to the operating system."""
        self._records.flush()

    def close(self) -> None:
        """Writes what is left."""
        self._records.close()
