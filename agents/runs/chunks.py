"""Parts of a state's arrays, compressed, in files that are named after their content and never change."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
import zstandard
from numpy.typing import DTypeLike, NDArray
from xxhash import xxh3_128_hexdigest

from agents.runs.files import write_whole
from envs.config import ConfigError

CHUNK = 2**20  # most bytes of an array in one chunk; small arrays share chunks
LEVEL = 1  # of zstandard: images shrink to a tenth, at about the speed of a disk
CHUNK_FILE = re.compile(r"[0-9a-f]{32}\.zst")

State: TypeAlias = dict[str, Any]
"""Nested dictionaries and lists of tensors, arrays, numbers, strings and None."""


class DamagedError(ConfigError):
    """A file of a store is missing or not what was written; the text names it."""


class Piece(NamedTuple):
    """Bytes of an array, in a chunk."""

    chunk: str  # name of the content
    start: int  # in the chunk
    size: int


class StoredArray:
    """An array of a saved state; its chunks are read when it is asked for."""

    def __init__(self, folder: Path, dtype: DTypeLike, shape: tuple[int, ...], pieces: list[Piece]) -> None:
        self._folder, self._pieces = folder, pieces
        self.dtype, self.shape = np.dtype(dtype), shape
        size = math.prod(shape) * self.dtype.itemsize
        if self.dtype.kind not in "biuf" or sum(piece.size for piece in pieces) != size:
            raise ValueError(f"{len(pieces)} pieces are no array {shape} of {dtype}")

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Read the array, chunk by chunk.

        Raises:
            DamagedError: a chunk is damaged.
        """
        out, place = np.empty(self.shape, self.dtype), 0
        target = out.reshape(-1).view(np.uint8)
        for chunk, start, size in self._pieces:
            raw = read_chunk(self._folder, chunk)
            target[place : place + size] = np.frombuffer(raw, np.uint8, size, start)
            place += size
        return out if dtype is None else out.astype(dtype)


def read_chunk(folder: Path, name: str) -> bytes:
    """Return the content of a chunk.

    Raises:
        DamagedError: its file is missing, or holds something else.
    """
    path = folder / f"{name}.zst"
    if not CHUNK_FILE.fullmatch(path.name):
        raise DamagedError(f"{folder}: a manifest names {name!r}, which is no chunk.")
    try:
        raw = zstandard.ZstdDecompressor().decompress(path.read_bytes(), allow_extra_data=False)
    except (OSError, zstandard.ZstdError) as error:
        raise DamagedError(f"{path} cannot be read ({error}).") from error
    if xxh3_128_hexdigest(raw) != name:
        raise DamagedError(f"{path} holds another content than its name says.")
    return raw


class ChunkWriter:
    """Turns a state into JSON and chunks, and writes the chunks that are not on disk yet."""

    def __init__(self, folder: Path, known: frozenset[str]) -> None:
        self._folder, self._known = folder, known
        self._compressor = zstandard.ZstdCompressor(LEVEL, write_checksum=True)
        self._shared = bytearray()  # small arrays of one chunk
        self._waiting: list[list[Any]] = []  # their pieces, whose chunk has no name yet
        self.chunks: dict[str, tuple[int, int]] = {}  # stored and raw bytes, by name

    def encode(self, value: object) -> object:
        """Return a value as JSON, with arrays as places in chunks."""
        if isinstance(value, torch.Tensor):
            # Axes in the order of memory: an optimiser's averages must lie there as their parameters do.
            strides = value.stride()
            order = sorted(range(value.ndim), key=lambda axis: -strides[axis])
            return {"tensor": [order, self._array(value.detach().cpu().permute(order).numpy())]}
        if isinstance(value, np.ndarray | StoredArray):
            return {"array": self._array(np.asarray(value))}
        if isinstance(value, Mapping):
            return {"dict": [[key, self.encode(item)] for key, item in value.items()]}
        if isinstance(value, list | tuple):
            return [self.encode(item) for item in value]
        return value.item() if isinstance(value, np.generic) else value

    def _array(self, value: NDArray[Any]) -> list[object]:
        array = np.ascontiguousarray(value).reshape(value.shape)  # without the axis that it adds to numbers
        return [array.dtype.str, list(array.shape), self._pieces(array)]

    def _pieces(self, array: NDArray[Any]) -> list[list[Any]]:
        data = array.reshape(-1).view(np.uint8).data
        if len(data) < CHUNK // 4:
            if len(self._shared) + len(data) > CHUNK:
                self.flush()
            piece: list[Any] = [None, len(self._shared), len(data)]
            self._shared += data
            self._waiting.append(piece)
            return [piece]
        row = array.nbytes // len(array)
        step = max(CHUNK // row, 1) * row  # whole rows
        parts = (data[at : at + step] for at in range(0, len(data), step))
        return [[self._write(part), 0, len(part)] for part in parts]

    def flush(self) -> None:
        """Write the small arrays that have waited for a chunk."""
        if self._waiting:
            name = self._write(self._shared)
            for piece in self._waiting:
                piece[0] = name
            self._shared, self._waiting = bytearray(), []

    def _write(self, data: memoryview | bytearray) -> str:
        name = xxh3_128_hexdigest(data)
        if name in self.chunks:
            return name
        path = self._folder / f"{name}.zst"
        if name in self._known and path.exists():
            stored = path.stat().st_size
        else:
            content = self._compressor.compress(data)
            stored = len(content)
            write_whole(path, content)
        self.chunks[name] = stored, len(data)
        return name


def decode(tree: Any, folder: Path) -> Any:
    """Return the value of `ChunkWriter.encode`, with tensors read and arrays to be read."""
    if not isinstance(tree, dict):
        return [decode(item, folder) for item in tree] if isinstance(tree, list) else tree
    if "dict" in tree:
        return {key: decode(item, folder) for key, item in tree["dict"]}
    order, (dtype, shape, pieces) = tree["tensor"] if "tensor" in tree else ([], tree["array"])
    array = StoredArray(folder, dtype, tuple(shape), [Piece(*piece) for piece in pieces])
    if "array" in tree:
        return array
    back = [order.index(axis) for axis in range(len(order))]
    return torch.from_numpy(np.asarray(array)).permute(back)
