"""Generations of a state on disk: immutable chunks, and a manifest that names them.

A chunk is a part of the state's arrays, compressed, in a file that is named after its content and never
changes. What a later generation has in common with an earlier one is therefore written once. A generation
is its manifest and the chunks that it names. The manifest is renamed into place after all of them are on
disk, and only then is deleted what neither it nor the one before names. So at any moment there is a whole
generation, the old one or the new one, whatever happens to the process or the machine.
"""

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
import zstandard
from numpy.typing import DTypeLike, NDArray
from xxhash import xxh3_128_hexdigest

from agents.runs.files import PARTIAL, write_whole
from agents.runs.paths import MANIFEST, manifests
from envs.config import ConfigError

FORMAT = 1
CHUNK = 2**20  # most bytes of an array in one chunk; small arrays share chunks
LEVEL = 1  # of zstandard: images shrink to a tenth, at about the speed of a disk
KEPT = 2  # generations
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


class Store:
    """The generations of one state in a folder, which is made by the first `save`.

    Example:
        >>> import tempfile
        >>> store = Store(Path(tempfile.mkdtemp()) / "run")
        >>> store.save({"rows": np.arange(3), "at": 7}, {})
        >>> state = Store(store.folder).load()
        >>> np.asarray(state["rows"]), state["at"]
        (array([0, 1, 2]), 7)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._named: dict[int, frozenset[str]] | None = None  # chunks of the generations on disk

    def generations(self) -> list[int]:
        """Return the numbers of the generations on disk, newest first."""
        return list(manifests(self.folder))

    def save(self, state: State, note: Mapping[str, object]) -> None:
        """Save a state as the next generation, with a note in its manifest.

        Raises:
            OSError: it cannot be written; the generations before it are intact.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._named is None:
            self._named = self._named_on_disk()
        known = frozenset().union(*self._named.values())
        writer = _Writer(self.folder, known)
        tree = writer.encode(state)
        writer.flush()
        number = max(self.generations(), default=0) + 1
        manifest: dict[str, object] = {
            "format": FORMAT,
            "generation": number,
            "parent": number - 1 or None,
            "note": note,
        }
        manifest |= {"chunks": writer.chunks, "tree": tree}
        write_whole(self._path(number), sealed(manifest))
        self._named[number] = frozenset(writer.chunks)
        self._clean()

    def _named_on_disk(self) -> dict[int, frozenset[str]]:
        """Return the chunks named by each whole manifest."""
        named = {}
        for number in self.generations():
            with contextlib.suppress(DamagedError):
                named[number] = frozenset(self._read_manifest(number)["chunks"])
        return named

    def _clean(self) -> None:
        """Delete what the last two generations do not name, oldest manifests first."""
        assert self._named is not None
        for number in sorted(self._named)[:-KEPT]:
            self._path(number).unlink(missing_ok=True)
            del self._named[number]
        needed = frozenset().union(*self._named.values())
        oldest = min(self._named)
        for path in self.folder.iterdir():
            match = MANIFEST.fullmatch(path.name)
            stale = int(match[1]) < oldest if match else PARTIAL in path.name
            if stale or (CHUNK_FILE.fullmatch(path.name) and path.stem not in needed):
                path.unlink(missing_ok=True)

    def load(self, warn: Callable[[str], object] = lambda _sentence: None) -> State:
        """Return the newest whole generation; arrays are read when they are asked for.

        A damaged one is named by `warn`, and the one before it is taken.

        Raises:
            DamagedError: there is none.
        """
        problems = []
        for number in self.generations():
            try:
                return self.verify(number)
            except DamagedError as error:
                problems.append(str(error))
                warn(f"{error} The generation before it is used.")
        raise DamagedError(problems[0] if problems else f"{self.folder} holds nothing that was saved.")

    def verify(self, number: int) -> State:
        """Check all files of a generation; return its state.

        Raises:
            DamagedError: a file is missing or damaged.
        """
        manifest = self._read_manifest(number)
        for chunk, (stored, raw) in manifest["chunks"].items():
            size = _size(self.folder / f"{chunk}.zst")
            if size != stored:
                raise DamagedError(f"{self.folder / chunk}.zst has {size} bytes in place of {stored}.")
            if len(read_chunk(self.folder, chunk)) != raw:
                raise DamagedError(f"{self.folder / chunk}.zst is another chunk than the manifest's.")
        return self._decode(manifest["tree"])  # type: ignore[no-any-return]

    def note(self, number: int) -> dict[str, Any]:
        """Return the note of a generation."""
        return self._read_manifest(number)["note"]  # type: ignore[no-any-return]

    def _path(self, number: int) -> Path:
        return self.folder / f"generation-{number:06}.json"

    def _read_manifest(self, number: int) -> dict[str, Any]:
        """Return a manifest whose seal is whole."""
        path = self._path(number)
        try:
            sealed = json.loads(path.read_bytes())
            manifest = sealed["manifest"]
            whole = sealed["checksum"] == _checksum(manifest) and manifest["generation"] == number
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise DamagedError(f"{path} cannot be read ({type(error).__name__}).") from error
        if not whole:
            raise DamagedError(f"{path} is not the manifest that was written.")
        if manifest["format"] != FORMAT:
            raise DamagedError(f"{path} has format {manifest['format']}, and this version reads {FORMAT}.")
        return manifest  # type: ignore[no-any-return]

    def _decode(self, tree: Any) -> Any:
        if not isinstance(tree, dict):
            return [self._decode(item) for item in tree] if isinstance(tree, list) else tree
        if "dict" in tree:
            return {key: self._decode(item) for key, item in tree["dict"]}
        order, (dtype, shape, pieces) = tree["tensor"] if "tensor" in tree else ([], tree["array"])
        array = StoredArray(self.folder, dtype, tuple(shape), [Piece(*piece) for piece in pieces])
        if "array" in tree:
            return array
        return torch.from_numpy(np.asarray(array)).permute(
            [order.index(axis) for axis in range(len(order))]
        )


class _Writer:
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


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise DamagedError(f"{path} cannot be read ({error.strerror}).") from error


def sealed(manifest: Mapping[str, object]) -> bytes:
    """Return a manifest with its checksum, as JSON."""
    return json.dumps({"checksum": _checksum(manifest), "manifest": manifest}).encode()


def _checksum(manifest: object) -> str:
    return xxh3_128_hexdigest(json.dumps(manifest).encode())
