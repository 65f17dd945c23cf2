"""Event files for TensorBoard, written by the calling thread.

The writers of torch and tensorboard use a thread of their own; on a full disk it dies silently and the
program waits for it forever. Here the caller gets the `OSError`.
"""

import os
import socket
import time
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.summary.writer.record_writer import RecordWriter
from torch.utils.tensorboard import summary as make

from agents.runs import tags
from agents.runs.sinks import Value

EDGES = 1e-12 * 1.1 ** np.arange(774)  # of a histogram's bins, on either side of 0
BINS = [*-EDGES[::-1], 0.0, *EDGES]
FIRST = ("env.id", "env.obs", "preset", "seed", "steps")
"""First columns of the *HParams* table; others can be selected beside it."""
CHARTS = {
    "pixels and state": {
        "score of evaluations": ["Multiline", [tags.SCORE, f"return/{tags.GREEDY}"]],
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


class TensorBoard:
    """A new event file in a folder.

    Args:
        folder: It exists.
        resumed_at: Agent steps at which a run is resumed; TensorBoard drops later steps of older files.
            None: a new run.
        settings: A new run's row of the *HParams* table.
        results: Tags of its results; the table first shows five of them.
    """

    def __init__(
        self, folder: Path, resumed_at: int | None, settings: Mapping[str, object], results: Sequence[str]
    ) -> None:
        name = f"events.out.tfevents.{time.time_ns() // 10**9}.{socket.gethostname()}.{os.getpid()}"
        number = len(list(folder.glob(f"{name}.*")))
        self._records = RecordWriter((folder / f"{name}.{number}").open("wb"))
        self._write(Event(file_version="brain.Event:2"))
        purge_step = 0 if resumed_at is None else resumed_at + 1
        self._write(Event(step=purge_step, session_log=SessionLog(status=SessionLog.START)))
        if resumed_at is None:
            plain = {k: v if isinstance(v, bool | int | float) else str(v) for k, v in settings.items()}
            experiment, *session = make.hparams(plain, dict.fromkeys(results, 0.0))
            for summary in (make.custom_scalars(CHARTS), _with_first_columns(experiment), *session):
                self._write(Event(summary=summary))
            self._records.flush()

    def _write(self, event: Event) -> None:
        event.wall_time = time.time()
        self._records.write(event.SerializeToString())

    def log(self, env_steps: int, values: Mapping[str, Value]) -> None:
        """Add values by tag."""
        for tag, value in values.items():
            self._write(Event(step=env_steps, summary=_summary(tag, value)))
        self._records.flush()

    def close(self) -> None:
        """Write the rest."""
        self._records.close()


def _summary(tag: str, value: Value) -> Summary:
    if isinstance(value, str):
        return make.text(tag, value)
    if not isinstance(value, np.ndarray):
        return Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    if value.ndim == 1:
        return make.histogram(tag, value, BINS)
    if value.ndim == 2:
        return make.image(tag, value, dataformats="HW")
    return _animation(tag, value)


def _animation(tag: str, frames: NDArray[np.uint8]) -> Summary:
    """Return an animated GIF, which TensorBoard plays: its longer side about 120 pixels, 60 ms a frame."""
    scale = max(120 // max(frames.shape[1:]), 1)
    first, *others = (PIL.Image.fromarray(frame.repeat(scale, 0).repeat(scale, 1)) for frame in frames)
    encoded = BytesIO()
    first.save(encoded, "GIF", save_all=True, append_images=others, duration=60, loop=0)
    image = Summary.Image(
        height=first.height, width=first.width, colorspace=1, encoded_image_string=encoded.getvalue()
    )
    return Summary(value=[Summary.Value(tag=tag, image=image)])
