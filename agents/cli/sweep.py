"""A grid of training runs, in parallel processes, resumed when stopped."""

import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from agents.cli.arguments import SweepArguments
from agents.cli.guard import last_line
from agents.cli.options import given_options
from agents.cli.train import Train, default_run_dir
from agents.config import Config, ConfigError
from agents.config.presets import LADDER, PRESETS
from agents.runs.paths import RunPaths
from agents.runs.reader import (
    differing_options,
    newest_step,
    read_config,
    read_summary,
    with_saved_capacity,
)
from envs.cores import cores, threads_allowed
from envs.registry import find_spec

GAMES = ("pong", "breakout", "freeway", "boxing", "ms_pacman", "space_invaders", "seaquest", "qbert")
"""Atari games of a board."""
TRAIN = Path(__file__).parents[2] / "scripts" / "train.py"


class GridRun(NamedTuple):
    """One run of the grid."""

    words: tuple[str, ...]  # for scripts/train.py
    config: Config
    folder: Path

    @property
    def name(self) -> str:
        """Its name in the progress bar."""
        return "/".join(self.folder.parts[-3:])

    @property
    def paths(self) -> RunPaths:
        """Files of the run; the log of its process lies beside its folder."""
        return RunPaths(self.folder)

    def share_done(self) -> float:
        """Return the used share of the step budget, 0 to 1."""
        return min(newest_step(self.folder) / self.config.steps, 1.0)

    def finished(self) -> bool:
        """Whether the run is complete, with the requested steps and reward threshold.

        Raises:
            ConfigError: the folder holds another run, or is damaged.
        """
        if not self.paths.config.exists():
            return False
        saved, config = read_config(self.folder), with_saved_capacity(self.config, self.folder)
        if options := differing_options(saved, config):
            raise ConfigError(
                f"{self.folder} holds a run with other settings ({', '.join(options)}); choose another "
                "--out."
            )
        same = (saved.steps, saved.reward_threshold) == (config.steps, config.reward_threshold)
        return same and read_summary(self.folder) is not None


def grid(arguments: SweepArguments, options: Sequence[str]) -> list[GridRun]:
    """Return the runs, seeds outermost, to make interrupted sweeps comparable.

    Raises:
        ConfigError: a run is impossible, or an option is not one of scripts/train.py.
    """
    if own := {"--seed", "--run-dir", "--resume", "--explain"} & given_options(options).keys():
        raise ConfigError(f"{', '.join(sorted(own))}: a sweep chooses that itself; leave it out.")
    runs = []
    presets = LADDER if arguments.ladder else arguments.preset or ("fast",)
    environments = GAMES if arguments.board else arguments.env
    combinations = product(range(1, arguments.seeds + 1), environments, presets, arguments.obs)
    for seed, env, preset, obs in combinations:
        if arguments.ladder and obs not in PRESETS[preset].observations:
            continue
        words = ["--env", env, "--obs", obs, "--preset", preset, "--seed", str(seed), *options]
        config = Train.parse(words).config
        find_spec(config.env.id)
        if arguments.ladder:
            from agents.build import reward_threshold  # torch takes two seconds to import

            if reward_threshold(config) is None:
                raise ConfigError(
                    f"--ladder measures the time of each preset to a mean return, and {config.env.id} has "
                    "none to reach here; give one as --reward-threshold."
                )
        folder = arguments.out / default_run_dir(config).relative_to("runs")
        # A resumed run keeps its own budget unless another is given.
        words += ["--steps", str(config.steps), "--reward-threshold", str(config.reward_threshold)]
        runs.append(GridRun((*words, "--run-dir", str(folder), "--resume"), config, folder))
    if len({run.folder for run in runs}) < len(runs):
        raise ConfigError("The grid has the same run twice; name each environment and preset once.")
    return runs


@functools.cache
def capacity(config: Config, part: float) -> int | None:
    """Return the memory's size, one for all seeds though RAM varies."""
    from agents.build import with_capacity  # as above

    return with_capacity(config, part)[0].memory.capacity


class Sweep:
    """Trains the runs of a grid in parallel processes under one progress bar."""

    def __init__(self, runs: Sequence[GridRun], jobs: int) -> None:
        self._runs, self._jobs = runs, jobs
        self.failed: dict[str, str] = {}
        """Last line of output of each failed run, by its name."""

    def run(self, should_stop: Callable[[], bool]) -> bool:
        """Train until all runs have ended or `should_stop()`; return whether all ended.

        A stop is passed on to the processes, which save themselves.
        """
        todo = []
        for run in self._runs:
            try:
                todo += [] if run.finished() else [run]
            except ConfigError as error:
                self.failed[run.name] = str(error)
        done = len(self._runs) - len(todo)
        running: dict[GridRun, subprocess.Popen[bytes]] = {}
        shape = "{percentage:3.0f}%|{bar}| {n:.1f}/{total} runs [{elapsed}<{remaining}{postfix}]"
        with tqdm(total=len(self._runs), initial=done, bar_format=shape, dynamic_ncols=True) as bar:
            if before := done - len(self.failed):
                bar.write(f"{before} of {len(self._runs)} runs were finished before", sys.stderr)
            try:
                while (todo or running) and not should_stop():
                    while todo and len(running) < self._jobs:
                        run = todo.pop(0)
                        running[run] = self._start(run)
                    time.sleep(0.3)
                    for run in [run for run, process in running.items() if process.poll() is not None]:
                        bar.write(self._finish(run, running.pop(run).returncode), sys.stderr)
                        done += 1
                    bar.n = done + sum(run.share_done() for run in running)
                    bar.set_postfix_str(", ".join(run.name for run in running))
            finally:
                for process in running.values():
                    process.send_signal(signal.SIGINT)
                for process in running.values():
                    process.wait()
        return not (todo or running)

    def _start(self, run: GridRun) -> "subprocess.Popen[bytes]":
        run.paths.log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(TRAIN), *run.words]
        memory = run.config.memory
        if memory.kind == "replay" and memory.capacity is None and not run.paths.config.exists():
            command += ["--memory.capacity", str(capacity(replace(run.config, seed=0), 1 / self._jobs))]
        threads = str(min(max(cores() // self._jobs, 1), threads_allowed()))
        with run.paths.log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env={**os.environ, "OMP_NUM_THREADS": threads},
                start_new_session=True,  # Ctrl-C is passed on once, by us
            )

    def _finish(self, run: GridRun, status: int) -> str:
        """Return a sentence about a process that has ended."""
        summary = read_summary(run.folder) if status == 0 else None
        if summary:
            return f"{run.name}: {summary.sentence(run.folder).partition(' Next: ')[0]}"
        why = last_line(run.paths.log.read_text(errors="replace")) or "it printed nothing"
        self.failed[run.name] = why
        return f"{run.name} failed with exit status {status}: {why} ({run.paths.log})"
