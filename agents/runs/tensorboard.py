"""Event files for TensorBoard, written by the calling thread.

The writers of torch and tensorboard use a thread of their own; on a full disk it dies silently and the
program waits for it forever. Here the caller gets the `OSError`.
"""

import os
import socket
import time
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.summary.writer.record_writer import RecordWriter
from torch.utils.tensorboard import summary as make

from agents.runs import tags
from agents.runs.sinks import Sink

VIDEO_SIDE = 120  # pixels of a video's longer side, about
VIDEO_MILLISECONDS = 60  # a frame
EDGES = 1e-12 * 1.1 ** np.arange(774)  # of a histogram's bins, on either side of 0
BINS = [*-EDGES[::-1], 0.0, *EDGES]
FIRST = ("env.id", "env.obs", "preset", "seed", "steps")
"""First columns of the *HParams* table; others can be selected beside it."""
CHARTS = {
    "pixels and state": {
        "greedy score": ["Multiline", [tags.SCORE]],
        "training score": ["Multiline", ["return/train$"]],
        "value of the actions taken": ["Multiline", ["q/mean"]],
        "temporal-difference loss": ["Multiline", ["loss/td"]],
        "seconds of training": ["Multiline", [tags.SECONDS]],
    },
    "state probe": {"R2 of the true state": ["Multiline", [f"{tags.R2}.*"]]},
}
"""Charts of *Custom scalars*, with their tags."""


def _with_first_columns(experiment: Summary) -> Summary:
    """Return the head of the *HParams* table with `FIRST` marked as differing between runs.

    TensorBoard initially shows five columns of settings: those marked, then by name.
    """
    metadata = experiment.value[0].metadata.plugin_data
    content = HParamsPluginData.FromString(metadata.content)
    for info in content.experiment.hparam_infos:
        info.differs = info.name in FIRST
    metadata.content = content.SerializeToString()
    return experiment


class TensorBoard(Sink):
    """A new event file in a folder.

    Args:
        folder: It exists.
        resumed_at: Agent steps at which a run is resumed; TensorBoard drops later steps of older files.
            None: a new run.
    """

    def __init__(self, folder: Path, resumed_at: int | None) -> None:
        purge_step = 0 if resumed_at is None else resumed_at + 1
        name = f"events.out.tfevents.{time.time_ns() // 10**9}.{socket.gethostname()}.{os.getpid()}"
        taken = len(list(folder.glob(f"{name}.*")))
        self._records = RecordWriter((folder / f"{name}.{taken}").open("wb"))
        self._write(Event(file_version="brain.Event:2"))
        self._write(Event(step=purge_step, session_log=SessionLog(status=SessionLog.START)))
        if resumed_at is None:
            self._add(make.custom_scalars(CHARTS))

    def _write(self, event: Event) -> None:
        event.wall_time = time.time()
        self._records.write(event.SerializeToString())

    def _add(self, summary: Summary, env_steps: int = 0) -> None:
        self._write(Event(step=env_steps, summary=summary))

    def scalars(self, env_steps: int, values: Mapping[str, float]) -> None:
        """Add scalars under their tags."""
        for tag, value in values.items():
            self._add(Summary(value=[Summary.Value(tag=tag, simple_value=float(value))]), env_steps)
        self.flush()

    def image(self, env_steps: int, tag: str, image: NDArray[np.uint8]) -> None:
        """Add a gray image `[H, W] uint8`."""
        self._add(make.image(tag, image[np.newaxis], dataformats="CHW"), env_steps)

    def histogram(self, env_steps: int, tag: str, values: NDArray[np.generic]) -> None:
        """Add the distribution of values `[N]`."""
        self._add(make.histogram(tag, values, BINS), env_steps)

    def video(self, env_steps: int, tag: str, images: NDArray[np.uint8]) -> None:
        """Add gray images `[T, H, W] uint8` as an animated GIF: TensorBoard plays such images."""
        scale = max(VIDEO_SIDE // max(images.shape[1:]), 1)
        first, *others = (Image.fromarray(image.repeat(scale, 0).repeat(scale, 1)) for image in images)
        encoded = BytesIO()
        first.save(encoded, "GIF", save_all=True, append_images=others, duration=VIDEO_MILLISECONDS, loop=0)
        image = Summary.Image(
            height=first.height, width=first.width, colorspace=1, encoded_image_string=encoded.getvalue()
        )
        self._add(Summary(value=[Summary.Value(tag=tag, image=image)]), env_steps)

    def text(self, env_steps: int, tag: str, sentence: str) -> None:
        """Add a sentence."""
        self._add(make.text(tag, sentence), env_steps)

    def settings(self, values: Mapping[str, object], results: Iterable[str]) -> None:
        """Add a row of settings and results to the *HParams* table.

        Args:
            values: Settings by name.
            results: Tags of the results; the first five are columns.
        """
        plain = {k: v if isinstance(v, (bool, int, float)) else str(v) for k, v in values.items()}
        experiment, *session = make.hparams(plain, dict.fromkeys(results, 0.0))
        for summary in (_with_first_columns(experiment), *session):
            self._add(summary)

    def flush(self) -> None:
        """Hand everything to the operating system."""
        self._records.flush()

    def close(self) -> None:
        """Write what is left."""
        self._records.close()
