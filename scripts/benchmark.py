"""Measure speeds and scores and print the table; every figure comes from this run."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from agents.cli.guard import StopSignal, guarded

HERE = Path(__file__).parent


def heading(parts: Sequence[str]) -> None:
    """Print the command, processor, cores, versions and commit."""
    import torch

    from agents.runs.folder import git_commit

    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    print(
        f"{' '.join(parts)}\n{processor}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"torch {torch.__version__}, commit {git_commit()}"
    )


ABLATIONS = {
    "pixels": ["double", "huber-delta 1", "ema-rate 0", "optimizer adam"],
    "state": ["no-double", "huber-delta 8", "ema-rate 0.005", "optimizer radam"],
}
"""Options of `--learning` that each undo a choice of the preset `fast`."""


def train(out: Path, obs: str, seed: int, *options: str) -> dict[str, Any]:
    """Train or resume a run in a process of its own; return its summary."""
    run = out / f"{'-'.join([obs, *options]).replace('--', '').replace('/', '_')}" / f"seed{seed}"
    words = ["--obs", obs, "--seed", str(seed), "--run-dir", str(run), "--resume", *options]
    subprocess.run([sys.executable, str(HERE / "train.py"), *words], check=True, stdout=sys.stderr)
    evaluate = [sys.executable, str(HERE / "evaluate.py"), str(run), "--json"]
    held_out = subprocess.run(evaluate, check=True, capture_output=True, text=True).stdout
    summary: dict[str, Any] = json.loads((run / "summary.json").read_text())
    return summary | {"held_out": json.loads(held_out)["mean"]}


def solve(out: Path, obs: str, seeds: int) -> None:
    """Print steps and seconds to solve CartPole, seed by seed."""
    print(f"\nCartPole from {obs}: seed, steps, seconds, greedy mean, mean on held-out seeds")
    rows = [train(out, obs, seed) for seed in range(1, seeds + 1)]
    for row in rows:
        solved = "" if row["solved"] else "  (not solved)"
        print(
            f"  {row['seed']}  {row['env_steps']:6d}  {row['train_seconds']:6.1f}  "
            f"{row['eval_mean']:6.1f}  {row['held_out']:6.1f}{solved}"
        )
    steps = statistics.median(row["env_steps"] for row in rows)
    seconds = [row["train_seconds"] for row in rows]
    middle, worst = statistics.median(seconds), max(seconds)
    print(f"  median {steps:.0f} steps, {middle:.1f} s; worst {worst:.1f} s")


def chapter(out: Path, obs: str, seeds: int) -> None:
    """Print the textbook's recipe; from state also its own loop."""
    print(f"\npreset chapter from {obs}: seed, seconds, final greedy mean, best mean")
    for seed in range(1, seeds + 1):
        row = train(out, obs, seed, "--preset", "chapter")
        print(f"  {seed}  {row['train_seconds']:6.1f}  {row['final_mean']:6.1f}  {row['eval_mean']:6.1f}")
        if obs == "state" and seed == 1:
            loop = [sys.executable, str(HERE / "chapter_loop.py"), "--seed", "1"]
            plain = json.loads(subprocess.run(loop, check=True, capture_output=True, text=True).stdout)
            print(f"     the chapter's own loop: {plain['seconds']:.1f} s, {plain['mean']:.1f}")
            print(f"     ratio of the times {row['train_seconds'] / plain['seconds']:.2f}")


def nature(out: Path) -> None:
    """Print the result of full frames and the Nature network."""
    row = train(out, "pixels", 1, "--preset", "nature")
    print(
        f"\npreset nature, seed 1: {row['env_steps']} steps, {row['train_seconds']:.0f} s, greedy mean "
        f"{row['eval_mean']:.1f}, on held-out seeds {row['held_out']:.1f}, solved: {row['solved']}"
    )


def ablation(out: Path, obs: str, seeds: int, steps: int = 40_000) -> None:
    """Print steps to solve CartPole with one setting changed."""
    print(f"\nCartPole from {obs}: steps to solve within {steps}, seeds 1 to {seeds}")
    learning = [f"--learning.{option}" for option in ABLATIONS[obs]]
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
    layer = rendered_images(base, EnvConfig(crop=crop, size=size))
    layers: list[Any] = []
    while layer is not base:
        layers.insert(0, layer)
        layer = layer.env  # type: ignore[attr-defined]
    states: list[Any] = []
    random = np.random.default_rng(0)
    inner: Any = base.unwrapped
    plain_seconds, terminated = 0.0, True
    while len(states) < count:
        if terminated:
            layers[-1].reset(seed=len(states))
        _, _, terminated, _, _ = inner.step(int(random.integers(2)))
        states.append(inner.state)
        started = time.perf_counter()
        image = None
        for layer in layers:
            image = layer.observation(image)
        plain_seconds += time.perf_counter() - started
    renderer = CartPoleRenderer(crop, size)
    fast = timeit.timeit(lambda: [renderer.draw(state[0], state[2]) for state in states], number=1)
    print(
        f"\nCartPole's image on {count} states of random play, with an empty cache: plain "
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


def atari(part: str) -> Callable[[], object]:
    """Return a call of a part of `benchmark_atari.py`, in a process of its own."""
    command = [sys.executable, str(HERE / "benchmark_atari.py"), part]
    return lambda: subprocess.run(command, check=True)


@guarded
def main(stop: StopSignal) -> int:
    """Run the chosen parts."""
    from agents.cli.arguments import BenchmarkArguments
    from agents.cli.parser import parse

    arguments = parse(BenchmarkArguments, sys.argv[1:])
    stop.interrupt()
    parts: dict[str, Callable[[], object]] = {
        "frames": frames,
        "start": start_up,
        "state": lambda: solve(arguments.out, "state", arguments.seeds),
        "pixels": lambda: solve(arguments.out, "pixels", arguments.seeds),
        "nature": lambda: nature(arguments.out),
        "ablation-pixels": lambda: ablation(arguments.out, "pixels", arguments.seeds),
        "ablation-state": lambda: ablation(arguments.out, "state", arguments.seeds),
        "chapter": lambda: chapter(arguments.out, "state", arguments.seeds),
        "chapter-pixels": lambda: chapter(arguments.out, "pixels", 1),
        **{part: atari(part) for part in ("throughput", "learner", "priorities", "peers")},
    }
    heading(arguments.parts)
    for part in arguments.parts:
        parts[part]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
