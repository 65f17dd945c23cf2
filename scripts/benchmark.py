"""Measure speeds and scores and print the table; every figure comes from this run."""

import functools
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import timeit
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from agents.cli.guard import StopSignal, guarded


def heading(parts: Sequence[str]) -> None:
    """Print the command, processor, cores, versions and commit."""
    import torch

    from agents.runs.folder import git_commit

    listed = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", listed.read_text() if listed.exists() else "")
    processor = names[0] if names else platform.processor() or platform.machine()
    print(
        f"{' '.join(parts)}\n{processor}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"torch {torch.__version__}, commit {git_commit()}"
    )


def run(script: str, *words: str, stdout: int | IO[str] | None = subprocess.PIPE) -> str:
    """Run a script in a process of its own; return its captured output."""
    command = [sys.executable, str(Path(__file__).with_name(f"{script}.py")), *words]
    return subprocess.run(command, check=True, stdout=stdout, text=True).stdout


def train(out: Path, obs: str, seed: int, *options: str) -> dict[str, Any]:
    """Train or resume a run; return its summary."""
    folder = out / f"{'-'.join([obs, *options]).replace('--', '').replace('/', '_')}" / f"seed{seed}"
    words = ["--obs", obs, "--seed", str(seed), "--run-dir", str(folder), "--resume", *options]
    run("train", *words, stdout=sys.stderr)
    held_out = json.loads(run("evaluate", str(folder), "--json"))["mean"]
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return summary | {"held_out": held_out}


def scores(out: Path, obs: str, seeds: int, *options: str) -> list[dict[str, Any]]:
    """Print steps, seconds and scores on CartPole, seed by seed; return the summaries."""
    print(f"\nCartPole from {' '.join([obs, *options])}")
    print("  seed   steps  seconds  final greedy mean  best  on held-out seeds")
    rows = [train(out, obs, seed, *options) for seed in range(1, seeds + 1)]
    for row in rows:
        print(
            f"  {row['seed']:4d}  {row['env_steps']:6d}  {row['train_seconds']:7.1f}  "
            f"{row['final_mean']:17.1f} {row['eval_mean']:5.1f}  {row['held_out']:17.1f}"
            f"{'' if row['solved'] else '  (not solved)'}"
        )
    steps, seconds = ([row[name] for row in rows] for name in ("env_steps", "train_seconds"))
    middle = f"{statistics.median(steps):.0f} steps, {statistics.median(seconds):.1f} s"
    print(f"  median {middle}; worst {max(seconds):.1f} s")
    return rows


def chapter(out: Path, seeds: int) -> None:
    """Print the textbook's recipe from the state, and its own loop."""
    seconds = scores(out, "state", seeds, "--preset", "chapter")[0]["train_seconds"]
    loop = json.loads(run("chapter_loop", "--seed", "1"))
    print(
        f"  the chapter's own loop, seed 1: {loop['seconds']:.1f} s, mean {loop['mean']:.1f}; "
        f"ratio of the times {seconds / loop['seconds']:.2f}"
    )


def ablation(out: Path, obs: str, seeds: int, steps: int = 40_000) -> None:
    """Print steps to solve CartPole with one setting changed."""
    print(f"\nCartPole from {obs}: steps to solve within {steps}, seeds 1 to {seeds}")
    options_of = {  # each undoes a choice of the preset
        "pixels": ["double", "huber-delta 1", "ema-rate 0", "optimizer adam"],
        "state": ["no-double", "huber-delta 8", "ema-rate 0.005", "optimizer radam"],
    }
    learning = [f"--learning.{option}" for option in options_of[obs]]
    for change in ["", "--returns.n-step 1", "--network.norm none", *learning]:
        options = [*change.split(), "--steps", str(steps)]
        rows = [train(out, obs, seed, *options) for seed in range(1, seeds + 1)]
        counts = [f"{row['steps_to_solve'] or '-':>6}" for row in rows]
        print(f"  {change or 'preset fast':28}{' '.join(counts)}", flush=True)


def frames(count: int = 1_500) -> None:
    """Print images per second: the fast renderer, and `env.render()` with the plain wrappers."""
    import gymnasium as gym
    import numpy as np

    from envs.classic.cartpole import CartPoleRenderer
    from envs.config import EnvConfig
    from envs.wrappers import rendered_images

    base = gym.make("CartPole-v1", render_mode="rgb_array", disable_env_checker=True)
    crop, size = (160, 320, 0, 600), (16, 60)
    top = rendered_images(base, EnvConfig(crop=crop, size=size))

    def plain(layer: Any) -> Any:
        return layer.observation(None if layer.env is base else plain(layer.env))

    states: list[Any] = []
    random = np.random.default_rng(0)
    inner: Any = base.unwrapped
    plain_seconds, terminated = 0.0, True
    while len(states) < count:
        if terminated:
            top.reset(seed=len(states))
        _, _, terminated, _, _ = inner.step(int(random.integers(2)))
        states.append(inner.state)
        plain_seconds += timeit.timeit(lambda: plain(top), number=1)
    renderer = CartPoleRenderer(crop, size)
    fast = timeit.timeit(lambda: [renderer.draw(state[0], state[2]) for state in states], number=1)
    print(
        f"\nCartPole's image on {count} states of a random policy, with an empty cache: plain "
        f"{count / plain_seconds:.0f} a second, fast {count / fast:.0f}, {plain_seconds / fast:.0f}x"
    )


def start_up() -> None:
    """Print seconds from starting Python to the first environment step."""
    code = (
        "import numpy as np; from agents.build import make_vector_env;"
        "from agents.config.presets import preset_config;"
        "e = make_vector_env(preset_config('fast', 'CartPole-v1', 'pixels').env, [1]);"
        "e.reset(); e.step(np.zeros(1, int))"
    )
    command = [sys.executable, "-c", code]
    seconds = timeit.repeat(lambda: subprocess.run(command, check=True), number=1, repeat=5)
    print(f"\nimport to first step: median {statistics.median(seconds):.1f} s of 5")


@guarded
def main(stop: StopSignal) -> None:
    """Run the chosen parts."""
    from agents.cli.arguments import BenchmarkArguments
    from agents.cli.parser import parse

    arguments = parse(BenchmarkArguments, sys.argv[1:])
    stop.interrupt()
    out, seeds = arguments.out, arguments.seeds
    parts: dict[str, Callable[[], object]] = {
        "frames": frames,
        "start": start_up,
        "state": lambda: scores(out, "state", seeds),
        "pixels": lambda: scores(out, "pixels", seeds),
        "nature": lambda: scores(out, "pixels", 1, "--preset", "nature"),
        "ablation-pixels": lambda: ablation(out, "pixels", seeds),
        "ablation-state": lambda: ablation(out, "state", seeds),
        "chapter": lambda: chapter(out, seeds),
        "chapter-pixels": lambda: scores(out, "pixels", 1, "--preset", "chapter"),
    }
    heading(arguments.parts)
    for part in arguments.parts:
        parts.get(part, functools.partial(run, "benchmark_atari", part, stdout=None))()


if __name__ == "__main__":
    sys.exit(main())
