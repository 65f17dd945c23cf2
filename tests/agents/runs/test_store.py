"""The store: what is saved comes back, damage is named, and a crash at any point loses nothing."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.runs.chunks import CHUNK, DamagedError, State, StoredArray
from agents.runs.paths import manifests
from agents.runs.store import Store, sealed
from tests.small_runs import assert_same


def plain(value: Any) -> Any:
    """Return a loaded state with its arrays read."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return torch.from_numpy(np.asarray(value)) if isinstance(value, StoredArray) else value


def example(seed: int, rows: int = 300) -> State:
    """Return a state of every kind: large and small arrays, tensors in both layouts, numbers, text."""
    random = np.random.default_rng(seed)
    weights = torch.from_numpy(random.normal(size=(8, 4, 3, 3)).astype(np.float32))
    frames = np.zeros((rows, 84, 84), np.uint8)
    frames[:, seed % 80] = 200
    state: dict[Any, Any] = {
        "agent": {"w": weights.contiguous(memory_format=torch.channels_last), "n": torch.tensor(seed)},
        "memory": {"frames": [frames[:200], frames[200:]], "empty": np.zeros((0, 3))},
        "generator": {"key": random.integers(2**32, size=624, dtype=np.uint32), "state": 2**127 + seed},
        "numbers": [1.5, float("inf"), None, True, "text", np.float32(0.25)],
        3: {"step": seed},
    }
    return state


def arrays_as_tensors(state: Any) -> Any:
    """Return a state as it comes back: lists, tensors, Python's numbers."""
    if isinstance(state, dict):
        return {key: arrays_as_tensors(item) for key, item in state.items()}
    if isinstance(state, list | tuple):
        return [arrays_as_tensors(item) for item in state]
    if isinstance(state, np.ndarray):
        return torch.from_numpy(np.array(state))
    return state.item() if isinstance(state, np.generic) else state


def assert_holds(store: Store, state: State) -> None:
    assert_same(plain(store.load()), arrays_as_tensors(state))


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    state = example(1)
    Store(tmp_path).save(state, {"commit": "abc"})
    store = Store(tmp_path)
    assert_holds(store, state)
    assert manifest(tmp_path, 1)["note"] == {"commit": "abc"}
    assert plain(store.load())["agent"]["w"].is_contiguous(memory_format=torch.channels_last)


def test_only_what_is_new_is_written(tmp_path: Path) -> None:
    """Of 100 MB of frames, a thousand rows changed: the others' chunks stay."""
    frames = np.random.default_rng(0).integers(4, size=(14_000, 84, 84), dtype=np.uint8)
    store = Store(tmp_path)
    store.save({"frames": frames}, {})
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.zst")}
    frames[5_000:6_000] += 1
    store.save({"frames": frames}, {})
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.zst")}
    assert before.items() <= after.items()
    changed = 1_000 * 7_056 / CHUNK
    assert changed <= len(after) - len(before) <= changed + 2


def test_two_generations_are_kept_and_nothing_else(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (tmp_path / "left.partial.zst").write_bytes(b"of a crash")
    for seed in range(5):
        store.save(example(seed), {})
    assert list(manifests(tmp_path)) == [5, 4]
    named = {f"{name}.zst" for n in (4, 5) for name in manifest(tmp_path, n)["chunks"]}
    assert {path.name for path in tmp_path.iterdir()} == named | {
        p.name for p in manifests(tmp_path).values()
    }
    assert_holds(store, example(4))


def test_another_process_goes_on_where_one_stopped(tmp_path: Path) -> None:
    for seed in range(3):
        Store(tmp_path).save(example(seed), {})
    assert list(manifests(tmp_path)) == [3, 2]
    assert_holds(Store(tmp_path), example(2))


def manifest(folder: Path, number: int) -> dict[str, Any]:
    return json.loads(manifests(folder)[number].read_bytes())["manifest"]  # type: ignore[no-any-return]


Damage = Callable[[Path, np.random.Generator], None]


def flip(path: Path, random: np.random.Generator) -> None:
    content = bytearray(path.read_bytes())
    content[random.integers(len(content))] ^= 1 << int(random.integers(8))
    path.write_bytes(content)


def tear(path: Path, random: np.random.Generator) -> None:
    path.write_bytes(path.read_bytes()[: random.integers(path.stat().st_size)])


def zero(path: Path, random: np.random.Generator) -> None:
    """A sector that never reached the disk."""
    content = bytearray(path.read_bytes())
    at = int(random.integers(len(content)))
    part = content[at : at + 512]
    content[at : at + 512] = bytes(byte ^ 0xFF if not any(part) else 0 for byte in part)
    path.write_bytes(content)


def lose(path: Path, random: np.random.Generator) -> None:
    path.unlink()


def empty(path: Path, random: np.random.Generator) -> None:
    path.write_bytes(b"")


def misdirect(path: Path, random: np.random.Generator) -> None:
    """The content of another file of the store, or more than there was."""
    others = sorted(other for other in path.parent.iterdir() if other != path)
    other = others[random.integers(len(others))].read_bytes()
    path.write_bytes(other if other != path.read_bytes() else other * 2)


DAMAGES: list[Damage] = [flip, tear, zero, lose, empty, misdirect]


def damaged_in(folder: Path, damage: Damage, seed: int, tmp: Path) -> None:
    """Damage a file of the newest generation in a copy: it is named, and the one before comes back."""
    copy = tmp / f"{damage.__name__}{seed}"
    shutil.copytree(folder, copy)
    random = np.random.default_rng(seed)
    old, new = (set(manifest(copy, n)["chunks"]) for n in (1, 2))
    files = [*sorted(copy / f"{name}.zst" for name in new - old), manifests(copy)[2]]
    path = files[random.integers(len(files))]
    damage(path, random)
    said: list[str] = []
    state = Store(copy).load(said.append)
    assert_same(plain(state), arrays_as_tensors(example(1)))
    if path.exists() or path.suffix == ".zst":  # nothing tells of a manifest that is lost
        assert len(said) == 1 and path.stem in said[0] and "The generation before it is used." in said[0]
    shutil.rmtree(copy)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the examples 1 and 2."""
    folder = tmp_path_factory.mktemp("store")
    store = Store(folder)
    for seed in (1, 2):
        store.save(example(seed), {})
    return folder


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named_and_the_generation_before_is_used(
    damage: Damage, two: Path, tmp_path: Path
) -> None:
    for seed in range(8):
        damaged_in(two, damage, seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named_in_hundreds_of_places(damage: Damage, two: Path, tmp_path: Path) -> None:
    """With the six kinds, 2,100 cases."""
    for seed in range(100, 450):
        damaged_in(two, damage, seed, tmp_path)


def test_a_store_without_a_whole_generation_says_what_is_wrong(two: Path, tmp_path: Path) -> None:
    shutil.copytree(two, tmp_path / "store")
    for path in (tmp_path / "store").glob("*.zst"):
        path.write_bytes(b"")
    with pytest.raises(DamagedError, match=r"zst has 0 bytes in place of \d+"):
        Store(tmp_path / "store").load()
    with pytest.raises(DamagedError, match="holds nothing that was saved"):
        Store(tmp_path / "none").load()


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", "x", "", 3, None])
def test_a_manifest_cannot_name_a_file_elsewhere(name: object, two: Path, tmp_path: Path) -> None:
    shutil.copytree(two, tmp_path / "store")
    content = manifest(tmp_path / "store", 2)
    content["chunks"] = {name: [3, 3]}
    manifests(tmp_path / "store")[2].write_bytes(sealed(content))
    said: list[str] = []
    Store(tmp_path / "store").load(said.append)
    assert len(said) == 1


@pytest.mark.parametrize(
    "tree",
    [
        {"tensor": 3},
        {"array": ["evil", [1], []]},
        {"array": ["|O", [1], []]},
        {"array": ["<f4", [-1], []]},
        {"tensor": [[0], ["<f4", [4], []]]},
        {"x": 1},
        {"dict": 3},
    ],
    ids=str,
)
def test_a_manifest_that_describes_no_state_is_named(tree: object, two: Path, tmp_path: Path) -> None:
    shutil.copytree(two, tmp_path / "store")
    content = manifest(tmp_path / "store", 2) | {"tree": tree}
    manifests(tmp_path / "store")[2].write_bytes(sealed(content))
    said: list[str] = []
    Store(tmp_path / "store").load(said.append)
    assert len(said) == 1 and "generation-000002.json describes no state" in said[0]


class CrashError(BaseException):
    """The process ends here."""


@pytest.fixture
def crash_points(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count the writes, fsyncs, renames and unlinks; the one whose number is given does not happen."""
    count = [0, -1]
    for name in ("fsync", "replace", "unlink"):
        original = getattr(os, name)

        def counted(*words: Any, _original: Any = original, **options: Any) -> Any:
            count[0] += 1
            if count[0] == count[1]:
                raise CrashError
            return _original(*words, **options)

        monkeypatch.setattr(os, name, counted)
    yield count


def test_a_crash_at_any_point_of_a_save_leaves_the_old_or_the_new_state(
    two: Path, tmp_path: Path, crash_points: list[int]
) -> None:
    """What a crash leaves is whole, and the next save works and clears up."""
    outcomes = []
    for point in range(1, 200):
        folder = tmp_path / str(point)
        shutil.copytree(two, folder)
        crash_points[:] = [0, point]
        try:
            Store(folder).save(example(3), {})
        except CrashError:
            crash_points[1] = -1
            newest = max(manifests(folder))
            assert_holds(Store(folder), example(newest))
            outcomes.append(newest)
            Store(folder).save(example(4), {})
            assert_holds(Store(folder), example(4))
            assert len(manifests(folder)) == 2 and not list(folder.glob("*.partial*"))
        else:
            break
    assert set(outcomes) == {2, 3} and len(outcomes) > 10


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**20), size=st.integers(0, 40), dtype=st.sampled_from(["<f4", "|u1", "|b1", "<i8"])
)
def test_arrays_of_any_size_come_back(seed: int, size: int, dtype: str, tmp_path_factory: Any) -> None:
    random = np.random.default_rng(seed)
    shapes = [tuple(random.integers(0, 60, size=random.integers(4)).tolist()) for _ in range(size)]
    state = {str(i): random.integers(100, size=shape).astype(dtype) for i, shape in enumerate(shapes)}
    folder = tmp_path_factory.mktemp("arrays")
    Store(folder).save(state, {})
    assert_holds(Store(folder), state)
    shutil.rmtree(folder)
