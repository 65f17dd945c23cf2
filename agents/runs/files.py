"""Atomic writing of files, and careful reading of JSON."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from envs.config import ConfigError

PARTIAL = ".partial"
"""Part of the name of a file that is not whole yet."""


def check_output(path: Path, endings: Iterable[str]) -> None:
    """Raise `ConfigError` unless `--out` can be written and has a known suffix."""
    if path.suffix not in endings:
        raise ConfigError(f"--out {path}: choose a name that ends in {', '.join(endings)}.")
    if not path.parent.is_dir():
        raise ConfigError(f"--out {path}: the folder {path.parent} does not exist; make it first.")
    if path.is_dir():
        raise ConfigError(f"--out {path} is a folder; choose another name.")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a name to write to; at the end of the block that file replaces `path`.

    `path` holds either the old file or the new one, whole, at any moment; if the block fails, nothing of
    the new one is left.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "page.html"
        >>> with replacing(path) as partial:
        ...     _ = partial.write_text("whole")
        >>> path.read_text(), partial.exists()
        ('whole', False)
    """
    partial = path.with_name(f"{path.stem}{PARTIAL}{path.suffix}")  # the suffix may decide the format
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
        _sync(path.parent)
    except OSError as error:
        if error.filename is None:  # for example on a full disk
            error.filename = str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Have the operating system write the names in a folder to the disk; Windows opens no folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file atomically."""
    with replacing(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)


def write_json(path: Path, values: Mapping[str, object]) -> None:
    """Write a dictionary as JSON atomically."""
    write_whole(path, json.dumps(values, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file.

    Raises:
        ConfigError: it cannot be read, or holds something else.
    """
    try:
        values = json.loads(path.read_bytes())
    except RecursionError:
        raise damaged(path, "brackets within brackets without end") from None
    except (OSError, ValueError) as error:  # ValueError: no JSON, no UTF-8, or a huge number
        raise damaged(path, str(error)) from error
    if not isinstance(values, dict):
        raise damaged(path, f"{type(values).__name__} in place of an object")
    return values


def damaged(path: Path, reason: str) -> ConfigError:
    """Return the error about a damaged file."""
    return ConfigError(f"{path} is damaged ({reason}); restore it or leave this run out.")
