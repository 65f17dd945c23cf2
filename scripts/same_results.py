"""Hold this source tree against another commit: equal metrics and parameters, bit for bit."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from agents.cli.guard import StopSignal, guarded

ROOT = Path(__file__).parents[1]
UNTIMED = ("time/", "rate/", "final/train_seconds")
"""Tags that differ between two runs of the same program."""
COMMON = "--steps 3000 --threads 1 --evaluation.every 1500 --evaluation.episodes 4 --evaluation.num-envs 4"
PRESETS = ("fast", "dqn", "rainbow", "m-iqn", "btr", "pqn")
CASES = {
    f"{preset}-{obs}": f"--preset {preset} --obs {obs} {COMMON}"
    for preset in PRESETS
    for obs in ("state", "pixels")
}
CASES["fast-pong"] = f"--env pong --env.backend python --memory.capacity 10000 {COMMON}"


@dataclass(frozen=True)
class SameResults:
    """Train the same configurations with two source trees and compare what comes of them."""

    base: str
    """Commit to compare with."""

    cases: tuple[str, ...] = tuple(CASES)
    """Configurations to run."""

    folder: Path = ROOT / "runs" / "same-results"
    """Where the runs lie; those of the base are made once."""


def train(tree: Path, folder: Path, options: str) -> None:
    """Trains in a source tree, with one thread."""
    environment = os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "scripts/train.py", "--run-dir", str(folder), "--resume", *options.split()]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} in {tree} failed:\n{done.stderr}")


def outcome(folder: Path) -> list[tuple[str, Any]]:
    """Returns metrics and parameters of a run by name, in order."""
    found: list[tuple[str, Any]] = []
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        entry = json.loads(line)
        steps = entry.pop("env_steps")
        found += [(f"{tag} at {steps}", v) for tag, v in entry.items() if not tag.startswith(UNTIMED)]
    saved = torch.load(folder / "checkpoint" / "last.pt", weights_only=True)
    for name in ("online", "target"):
        found += [(f"{name}: {key}", value) for key, value in _tensors(saved["trainer"]["agent"].get(name))]
    kept = torch.load(folder / "checkpoint" / "best.pt", weights_only=True)
    return found + [(f"best: {key}", value) for key, value in _tensors(kept["agent"])]


def _tensors(state: Any) -> Iterator[tuple[str, Any]]:
    for key, value in (state or {}).items():
        if isinstance(value, torch.Tensor):
            yield key, value


def differences(old: list[tuple[str, Any]], new: list[tuple[str, Any]]) -> list[str]:
    """Returns the names of results that differ."""
    found = [f"{len(old)} results before, {len(new)} now"] if len(old) != len(new) else []
    for (name, before), (_, after) in zip(old, new, strict=False):
        if not torch.equal(torch.as_tensor(before), torch.as_tensor(after)):
            found.append(name)
    return found


@guarded
def main(stop: StopSignal) -> int:
    """Print one line for each configuration; exit with 1 where results differ."""
    from agents.cli.parser import parse

    asked = parse(SameResults, sys.argv[1:])
    differing = 0
    with tempfile.TemporaryDirectory() as place:
        tree = Path(place) / "base"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", "--quiet", str(tree), asked.base], check=True)
        try:
            for case in asked.cases:
                if not (asked.folder / asked.base / case / "summary.json").is_file() and not stop():
                    train(tree, asked.folder / asked.base / case, CASES[case])
            for case in asked.cases:
                if stop():
                    return 128 + (stop.number or 0)
                before = asked.folder / asked.base / case
                with tempfile.TemporaryDirectory() as now:
                    train(ROOT, Path(now) / "run", CASES[case])
                    odd = differences(outcome(before), outcome(Path(now) / "run"))
                differing += bool(odd)
                print(f"{case}: {', '.join(odd[:5]) or 'equal'}", flush=True)
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
