"""The Atari parts of `benchmark.py`: emulation, learner and memory, and a peer side by side."""

import copy
import statistics
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import ale_py
import gymnasium
import numpy as np
import psutil
import torch
from ale_py.vector_env import AtariVectorEnv
from torch.utils.flop_counter import FlopCounterMode

from agents.build import build_trainer, make_agent, make_replay
from agents.cli.arguments import AtariBenchmarkArguments
from agents.cli.guard import StopSignal, guarded
from agents.cli.parser import parse
from agents.config import with_fields
from agents.config.presets import preset_config
from agents.memory.prioritized import PrioritizedSampler
from agents.runs.folder import RunFolder
from agents.training.hardware import set_up_torch
from envs.config import EnvConfig
from envs.factory import make_vector_env
from envs.spec import describe

PEER_START, PEER_STEPS = 1_000, 3_000  # agent steps before the first update, and timed ones


def play_rate(env: Any, num_envs: int) -> float:
    """Return Pong's agent steps a second of a random policy."""
    actions = np.random.default_rng(0).integers(6, size=(200, num_envs))
    env.reset()
    for action in actions[:50]:
        env.step(action)
    steps, started = 0, time.perf_counter()
    while (seconds := time.perf_counter() - started) < 1:
        for action in actions:
            env.step(action)
        steps += actions.size
    return steps / seconds


def throughput(turns: int = 5) -> None:
    """Print Pong's speed without a learner: environments x threads x back-end, in turns."""
    print("\nPong, agent steps a second: environments, threads, python, native, native used bare")
    for count in (1, 8, 32):
        for threads in (1, 2):
            backends: list[Any] = ["python", "native"] if threads == 1 else ["native"]
            configs = [EnvConfig(id="ALE/Pong-v5", threads=threads, backend=name) for name in backends]
            envs: list[Any] = [make_vector_env(config, list(range(count))) for config in configs]
            envs.append(AtariVectorEnv("pong", count, num_threads=threads, autoreset_mode="SameStep"))
            rates = [[play_rate(env, count) for env in envs] for _ in range(turns)]
            middle = [statistics.median(column) for column in zip(*rates, strict=True)]
            ratio = statistics.median(turn[-2] / turn[-1] for turn in rates)
            columns = ["       -"] * (threads - 1) + [f"{rate:8.0f}" for rate in middle]
            print(f"  {count:3d} {threads:2d} {' '.join(columns)}   native / bare {ratio:.2f}", flush=True)
            for env in envs:
                env.close()


def learner(batch_size: int = 32) -> None:
    """Print the Nature update's share of the machine's peak, and the replay's speed and size."""
    fields = {"memory.capacity": 1_000_000, "learning.batch_size": batch_size, "returns.n_step": 3}
    config = with_fields(preset_config("nature", "ALE/Pong-v5", "pixels"), fields)
    set_up_torch(config)
    env = make_vector_env(config.env, list(range(config.env.num_envs)))
    before = psutil.Process().memory_info().rss
    spec = describe(config.env)
    memory, agent = make_replay(config, spec), make_agent(config, spec, torch.device("cpu"))
    memory.start(env.reset())
    action = np.zeros(env.num_envs, np.int64)
    step = env.step(action)
    while len(memory) < 990_000:
        memory.add(action, step.reward, step.terminated, step.last, step.next_observation, step.observation)
    gigabytes = (psutil.Process().memory_info().rss - before) / 1e9
    draw = median_seconds(lambda: memory.sample(batch_size), 300)
    batch = memory.sample(batch_size)
    update = median_seconds(lambda: agent.update(batch), 60)
    other = make_agent(with_fields(config, {"learning.optimizer": "adam"}), spec, torch.device("cpu"))
    with_adam = median_seconds(lambda: other.update(batch), 60)
    left, right = torch.rand(2048, 2048), torch.rand(2048, 2048)
    peak = 2 * 2048**3 / median_seconds(lambda: left @ right, 20)
    work = update_operations(agent.online, (batch_size, *env.observation_shape))
    print(
        f"\nNature network, batch {batch_size}: update {1e3 * update:.1f} ms, with Adam "
        f"{1e3 * with_adam:.1f} ms; {work / 1e9:.2f} GFLOP, "
        f"{100 * work / update / peak:.0f} % and {100 * work / with_adam / peak:.0f} % of the "
        f"peak of {peak / 1e9:.0f} GFLOP/s\n"
        f"replay.sample({batch_size}), stack 4, n 3, of 1 M steps: {1e3 * draw:.2f} ms; "
        f"resident {gigabytes:.2f} GB"
    )


def priorities(rows: int = 1_000_000, batch_size: int = 32) -> None:
    """Print the time to sample by priority from a full memory and to update the priorities."""
    generator = np.random.default_rng(1)
    sampler = PrioritizedSampler(rows, generator, priority_exponent=0.5)
    every = np.arange(rows)
    sampler.add(every)
    sampler.update_priorities(every + rows, generator.random(rows))

    def round_trip() -> None:
        draw = sampler.sample(batch_size, 0.4)
        sampler.update_priorities(draw.indices, generator.random(batch_size))

    milliseconds = 1e3 * median_seconds(round_trip, 2_000)
    print(f"sampling {batch_size} of {rows:,} rows and updating their priorities: {milliseconds:.2f} ms")


def update_operations(network: torch.nn.Module, images: Sequence[int]) -> int:
    """Return the floating-point operations of an update on images `[B, *obs]`."""
    network = copy.deepcopy(network).to("meta")
    with FlopCounterMode(display=False) as counter:
        batch = torch.zeros(*images, dtype=torch.uint8, device="meta")
        with torch.no_grad():
            network(batch)  # the target network
        network(batch).sum().backward()
    return counter.get_total_flops()


def median_seconds(call: Callable[[], object], times: int) -> float:
    """Return the median seconds of a call, without the first five."""
    return statistics.median(timeit.repeat(call, number=1, repeat=times + 5)[5:])


def own(num_envs: int) -> float:
    """Return agent steps a second of Nature DQN, from 200 steps after the first update."""
    fields: dict[str, Any] = {"memory.capacity": 100_000, "schedule.learning_starts": PEER_START}
    fields |= {"env.num_envs": num_envs, "steps": PEER_START + PEER_STEPS, "evaluation.every": 10**9}
    fields |= {"learning.optimizer": "adam", "learning.learning_rate": 1e-4}
    config = with_fields(preset_config("nature", "ALE/Pong-v5", "pixels"), fields)
    with tempfile.TemporaryDirectory() as folder:
        trainer = build_trainer(config, RunFolder(Path(folder) / "run", config, resume=False))
        trainer.run(lambda: trainer.progress.env_steps >= PEER_START + 200)
        begun, started = trainer.progress.env_steps, trainer.stopwatch.train_seconds
        trainer.run(lambda: trainer.progress.env_steps >= PEER_START + PEER_STEPS - 8)
        return (trainer.progress.env_steps - begun) / (trainer.stopwatch.train_seconds - started)


def peer() -> float:
    """Return the same of stable-baselines3 (extra `peers`) with the same settings."""
    import stable_baselines3 as sb3
    from stable_baselines3.common.env_util import make_atari_env
    from stable_baselines3.common.vec_env import VecFrameStack

    gymnasium.register_envs(ale_py)
    env = VecFrameStack(make_atari_env("PongNoFrameskip-v4", n_envs=1, seed=0), 4)
    model = sb3.DQN(
        "CnnPolicy", env, buffer_size=100_000, learning_starts=PEER_START, batch_size=32, train_freq=4
    )
    times: list[float] = []

    def tick(*_: object) -> bool:
        times.append(time.perf_counter())
        return True

    model.learn(PEER_START + PEER_STEPS, callback=tick)
    begun = PEER_START + 200 - 1
    return (len(times) - 1 - begun) / (times[-1] - times[begun])


def peers(rounds: int = 3) -> None:
    """Print agent steps a second of Nature DQN on Pong, here and in stable-baselines3.

    Each in a process of its own, in turns: one's settings of torch and malloc must not help the other.
    """
    import stable_baselines3 as sb3

    def alone(function: Callable[..., float], *arguments: int) -> float:
        with get_context("spawn").Pool(1) as pool:
            return pool.apply(function, arguments)

    measured = [(alone(peer), alone(own, 1), alone(own, 8)) for _ in range(rounds)]
    theirs, one, eight = (statistics.median(column) for column in zip(*measured, strict=True))
    print(
        f"\nPong, Nature DQN, batch 32 every 4 steps, agent steps a second, median of {rounds} turns: "
        f"stable-baselines3 {sb3.__version__} {theirs:.0f}; here with 1 environment {one:.0f} "
        f"({one / theirs:.2f}x), with 8 {eight:.0f} ({eight / theirs:.2f}x)"
    )
    for turn in measured:
        print("  " + " ".join(f"{rate:.0f}" for rate in turn))


@guarded
def main(stop: StopSignal) -> None:
    """Run the chosen part."""
    arguments = parse(AtariBenchmarkArguments, sys.argv[1:])
    stop.interrupt()
    parts = {"throughput": throughput, "learner": learner, "priorities": priorities, "peers": peers}
    parts[arguments.part]()


if __name__ == "__main__":
    sys.exit(main())
