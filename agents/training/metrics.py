"""Numbers and pictures of a run, to TensorBoard and to `metrics.jsonl` alike."""

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tensorboard.compat.proto.summary_pb2 import Summary
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

# What is drawn on one chart of TensorBoard's *Custom scalars*, for all runs that are ticked.
LAYOUT = {
    "pixels and state": {
        "greedy score": ["Multiline", ["return/eval"]],
        "training score": ["Multiline", ["return/train$"]],
        "value of the actions taken": ["Multiline", ["q/mean"]],
        "temporal-difference loss": ["Multiline", ["loss/td"]],
        "seconds of training": ["Multiline", ["time/train_seconds"]],
    },
    "what the features know": {"R2 of the true state": ["Multiline", ["probe/r2_.*"]]},
}
FILM_SIDE = 120  # pixels of a film's longer side, about
FILM_MILLISECONDS = 60  # a frame


class Metrics:
    """Writes scalars by agent step.

    Args:
        folder: The run's folder; it exists.
        resumed_at: Agent steps and bytes of `metrics.jsonl` that count; what was written after them,
            by a run that was killed, is dropped. None starts anew.
    """

    def __init__(self, folder: Path, resumed_at: tuple[int, int] | None = None) -> None:
        self._file = (folder / "metrics.jsonl").open("ab")
        self._file.truncate(resumed_at[1] if resumed_at else 0)
        self._file.seek(0, os.SEEK_END)  # truncating moves no position, and `bytes_written` tells it
        purge = resumed_at[0] + 1 if resumed_at else 0
        self._writer = SummaryWriter(str(folder), purge_step=purge)  # type: ignore[no-untyped-call]
        if resumed_at is None:
            self._writer.add_custom_scalars(LAYOUT)

    def write(self, env_steps: int, values: dict[str, float]) -> None:
        """Writes scalars under their tags."""
        for tag, value in values.items():
            self._writer.add_scalar(tag, value, env_steps)  # type: ignore[no-untyped-call]
        line = {"env_steps": env_steps, **values}
        self._file.write((json.dumps(line) + "\n").encode())

    def picture(self, env_steps: int, tag: str, image: NDArray[Any]) -> None:
        """Writes a gray picture `[H, W] uint8`."""
        self._writer.add_image(tag, image[np.newaxis], env_steps)  # type: ignore[no-untyped-call]

    def histogram(self, env_steps: int, tag: str, values: NDArray[Any]) -> None:
        """Writes how numbers `[N]` are distributed."""
        self._writer.add_histogram(tag, values, env_steps)

    def film(self, env_steps: int, tag: str, pictures: NDArray[Any]) -> None:
        """Writes gray pictures `[T, H, W] uint8` as an animated GIF: TensorBoard plays such images."""
        scale = max(FILM_SIDE // max(pictures.shape[1:]), 1)
        first, *others = (
            Image.fromarray(picture.repeat(scale, 0).repeat(scale, 1)) for picture in pictures
        )
        encoded = io.BytesIO()
        first.save(encoded, "GIF", save_all=True, append_images=others, duration=FILM_MILLISECONDS, loop=0)
        image = Summary.Image(
            height=first.height, width=first.width, colorspace=1, encoded_image_string=encoded.getvalue()
        )
        summary = Summary(value=[Summary.Value(tag=tag, image=image)])
        self._writer._get_file_writer().add_summary(summary, env_steps)  # type: ignore[no-untyped-call]

    def settings(self, values: dict[str, Any], results: list[str]) -> None:
        """Writes settings by name for the *HParams* table, and the tags of the results beside them."""
        plain = {k: v if isinstance(v, (bool, int, float)) else str(v) for k, v in values.items()}
        for summary in hparams(plain, dict.fromkeys(results, 0.0)):
            self._writer._get_file_writer().add_summary(summary)

    def text(self, env_steps: int, tag: str, sentence: str) -> None:
        """Writes a sentence."""
        self._writer.add_text(tag, sentence, env_steps)  # type: ignore[no-untyped-call]

    def bytes_written(self) -> int:
        """Hands everything to the operating system; returns the size of `metrics.jsonl`."""
        self._file.flush()
        self._writer.flush()  # type: ignore[no-untyped-call]
        return self._file.tell()

    def close(self) -> None:
        """Writes what is left."""
        self._file.close()
        self._writer.close()  # type: ignore[no-untyped-call]
