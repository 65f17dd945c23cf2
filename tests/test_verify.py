"""verify.py: whole runs pass, each kind of damage is named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.runs.paths import manifests
from agents.runs.verify import problems
from tests.command_line import call, refused
from tests.small_runs import small, train, train_both


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run from `state` and one from `pixels`."""
    return train_both(tmp_path_factory.mktemp("runs"), 400)


def test_whole_runs_pass(runs: Path) -> None:
    done = call("verify", ".", cwd=runs)
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["pixels: whole", "state: whole"]


def test_a_resumed_run_has_no_point_twice_and_misses_none(tmp_path: Path) -> None:
    """Of a run that was continued twice, beyond its end."""
    for steps in (400, 700, 1_000):
        train(small("state", steps=steps), tmp_path / "run", resume=steps > 400)
    assert list(problems(tmp_path / "run")) == []


def edit(path: Path, old: str, new: str) -> None:
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new, 1))


def drop_a_line(run: Path) -> None:
    lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text("".join(lines[:2] + lines[3:]))


def change_a_value(run: Path) -> None:
    lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    entry = json.loads(lines[0])
    entry["epsilon"] += 0.5
    lines[0] = json.dumps(entry) + "\n"
    (run / "metrics.jsonl").write_text("".join(lines))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "chunk": (
        lambda run: next((run / "checkpoint" / "last").glob("*.zst")).write_bytes(b"x"),
        "has 1 bytes",
    ),
    "best": (lambda run: shutil.rmtree(run / "checkpoint" / "best"), "best holds nothing that was saved"),
    "manifest": (
        lambda run: edit(
            next(iter(manifests(run / "checkpoint" / "last").values())), '"parent"', '"pArent"'
        ),
        "is not the manifest that was written",
    ),
    "config": (lambda run: (run / "config.json").write_text("{"), "config.json is damaged"),
    "summary": (lambda run: edit(run / "summary.json", '"eval_mean": ', '"eval_mean": "x" '), "is damaged"),
    "metrics": (drop_a_line, "in metrics.jsonl and"),
    "value": (change_a_value, "epsilon has"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named(damage: str, runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "state", tmp_path / "run")
    spoil, words = DAMAGES[damage]
    spoil(tmp_path / "run")
    found = list(problems(tmp_path / "run"))
    assert len(found) == 1 and words in found[0]


def test_a_damaged_run_is_status_1_and_bad_words_are_refused(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs, tmp_path / "runs")
    (tmp_path / "runs" / "state" / "summary.json").write_text("[]")
    done = call("verify", "runs", cwd=tmp_path)
    assert done.returncode == 1 and "runs/pixels: whole" in done.stdout
    refused(call("verify", cwd=tmp_path), "Name the runs to check")
    refused(call("verify", "nowhere", cwd=tmp_path), "nowhere holds no run")
