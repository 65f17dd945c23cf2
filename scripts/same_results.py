"""Check that metrics and parameters equal those of another commit, bit for bit."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from agents.cli.guard import StopSignal, guarded
from agents.runs.store import Store

ROOT = Path(__file__).parents[1]
UNTIMED = ("time/", "rate/", "final/train_seconds")  # tags that differ between runs of the same program
COMMON = "--steps 3000 --threads 1 --evaluation.every 1500 --evaluation.episodes 4 --evaluation.num-envs 4"
PRESETS = ("fast", "dqn", "rainbow", "m-iqn", "btr", "pqn")
CASES = {f"{p}-{o}": f"--preset {p} --obs {o} {COMMON}" for p in PRESETS for o in ("state", "pixels")}
CASES["fast-pong"] = f"--env pong --env.backend python {COMMON}"
CASES["dqn-pong"] = f"--env pong --preset dqn --env.backend python --memory.capacity 10000 {COMMON}"


@dataclass(frozen=True)
class SameResults:
    """Train the same configurations with two source trees and compare metrics and parameters."""

    base: str
    """Commit to compare with."""

    cases: tuple[str, ...] = tuple(CASES)
    """Configurations to run."""

    folder: Path = ROOT / "runs" / "same-results"
    """Folder of the base commit's runs, which are trained once."""


def train(tree: Path, folder: Path, options: str) -> None:
    """Train in a source tree, with one thread."""
    environment = os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "scripts/train.py", "--run-dir", str(folder), "--resume", *options.split()]
    subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=True)


def _saved(path: Path) -> dict[str, Any]:
    """Return a checkpoint, of an older version too."""
    old = path.with_suffix(".pt")
    return torch.load(old, weights_only=True) if old.exists() else Store(path).load()  # type: ignore[no-any-return]


def results(folder: Path) -> list[tuple[str, Any]]:
    """Return metrics and parameters of a run by name, in order."""
    values: list[tuple[str, Any]] = []
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        entry = json.loads(line)
        steps = entry.pop("env_steps")
        values += [(f"{tag} at {steps}", v) for tag, v in entry.items() if not tag.startswith(UNTIMED)]
    last, kept = (_saved(folder / "checkpoint" / name) for name in ("last", "best"))
    agent, best = last["trainer"]["agent"], kept["agent"]
    for name, state in (("online", agent.get("online")), ("target", agent.get("target")), ("best", best)):
        tensors = (state or {}).items()
        values += [(f"{name}: {key}", v) for key, v in tensors if isinstance(v, torch.Tensor)]
    return values


def differences(old: list[tuple[str, Any]], new: list[tuple[str, Any]]) -> list[str]:
    """Return the names of results that differ."""
    names = [f"{len(old)} results before, {len(new)} now"] if len(old) != len(new) else []
    for (name, before), (_, after) in zip(old, new, strict=False):
        if not torch.equal(torch.as_tensor(before), torch.as_tensor(after)):
            names.append(name)
    return names


@guarded
def main(stop: StopSignal) -> int:
    """Print one line per configuration; exit with 1 if any results differ."""
    from agents.cli.parser import parse

    arguments = parse(SameResults, sys.argv[1:])
    stop.interrupt()
    equal = True
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary) / "base"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", "--quiet", str(tree), arguments.base], check=True)
        try:
            for case in arguments.cases:
                before, now = arguments.folder / arguments.base / case, Path(temporary) / case
                if not (before / "summary.json").is_file():
                    train(tree, before, CASES[case])
                train(ROOT, now, CASES[case])
                names = differences(results(before), results(now))
                equal = equal and not names
                print(f"{case}: {', '.join(names[:5]) or 'equal'}", flush=True)
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)
    return int(not equal)


if __name__ == "__main__":
    sys.exit(main())
