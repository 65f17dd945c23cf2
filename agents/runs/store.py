"""Generations of a state on disk: immutable chunks, and a manifest that names them.

A chunk is a part of the state's arrays, compressed, in a file that is named after its content and never
changes. What a later generation has in common with an earlier one is therefore written once. A generation
is its manifest and the chunks that it names. The manifest is renamed into place after all of them are on
disk, and only then is deleted what neither it nor the one before names. So at any moment there is a whole
generation, the old one or the new one, whatever happens to the process or the machine.
"""

import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from xxhash import xxh3_128_hexdigest

from agents.runs.chunks import CHUNK_FILE, ChunkWriter, DamagedError, State, decode, read_chunk
from agents.runs.files import PARTIAL, write_whole
from agents.runs.paths import manifests

FORMAT = 1
KEPT = 2  # generations


class Store:
    """The generations of one state in a folder, which is made by the first `save`.

    Example:
        >>> import tempfile
        >>> import numpy as np
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
        writer = ChunkWriter(self.folder, known)
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
        """Delete what the last two generations do not name, manifests before their chunks."""
        assert self._named is not None
        self._named = {number: self._named[number] for number in sorted(self._named)[-KEPT:]}
        needed = frozenset().union(*self._named.values())
        for number, path in manifests(self.folder).items():
            if number < min(self._named):
                path.unlink(missing_ok=True)
        for path in self.folder.iterdir():
            if PARTIAL in path.name or (CHUNK_FILE.fullmatch(path.name) and path.stem not in needed):
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
        try:
            return decode(manifest["tree"], self.folder)  # type: ignore[no-any-return]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise DamagedError(f"{self._path(number)} describes no state ({error}).") from error

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
