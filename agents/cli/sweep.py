"""Many training runs: a grid, each cell once, in processes of their own, resumed where they stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from agents.cli.arguments import SweepArguments
from agents.cli.options import given_options
from agents.cli.train import Train, default_run_dir
from agents.config import Config, ConfigError
from agents.config.presets import LADDER, PRESETS
from agents.runs.documents import read_config, read_summary
from agents.runs.folder import other_settings
from agents.training.hardware import cores, threads_allowed
from agents.training.launch import closing_line
from envs.registry import find_spec

TRAIN = Path(__file__).parents[2] / "scripts" / "train.py"
LOOK_SECONDS = 0.3


class Cell(NamedTuple):
    """One run of the grid."""

    words: tuple[str, ...]  # for scripts/train.py
    config: Config
    folder: Path

    @property
    def name(self) -> str:
        """What the bar calls it."""
        return "/".join(self.folder.parts[-3:])

    @property
    def log(self) -> Path:
        """The file beside the run's folder that takes what the process prints."""
        return self.folder.with_name(self.folder.name + ".log")

    def share_done(self) -> float:
        """How much of the step budget is spent, 0 to 1, by the newest line of the run's metrics."""
        with suppress(OSError, IndexError, ValueError, KeyError):
            with (self.folder / "metrics.jsonl").open("rb") as file:
                file.seek(max(file.seek(0, os.SEEK_END) - 4096, 0))
                line = file.read().splitlines()[-1]
            return min(float(json.loads(line)["env_steps"]) / self.config.steps, 1.0)
        return 0.0

    def finished(self) -> bool:
        """Whether the run is done, with the steps and the reward threshold that are wanted.

        Raises:
            ConfigError: another run lies in the folder.
        """
        if not (self.folder / "config.json").exists():
            return False
        found = read_config(self.folder)
        wanted = self.config
        if wanted.memory.capacity is None:
            wanted = replace(wanted, memory=replace(wanted.memory, capacity=found.memory.capacity))
        others = other_settings(self.folder, wanted)
        if others:
            raise ConfigError(
                f"{self.folder} holds a run with other settings ({', '.join(others)}); choose another "
                "--out."
            )
        same = (found.steps, found.reward_threshold) == (wanted.steps, wanted.reward_threshold)
        return same and read_summary(self.folder) is not None


def grid(arguments: SweepArguments, options: Sequence[str]) -> list[Cell]:
    """Returns the cells: seeds outermost, so that a sweep cut short compares what it has.

    Raises:
        ConfigError: a cell cannot be, or an option is not one of scripts/train.py.
    """
    own = {"--seed", "--run-dir", "--resume"} & given_options(options).keys()
    if own:
        raise ConfigError(f"{', '.join(sorted(own))}: a sweep chooses that itself; leave it out.")
    cells = []
    presets = LADDER if arguments.ladder else arguments.preset or ("fast",)
    kinds = product(range(1, arguments.seeds + 1), arguments.env, presets, arguments.obs)
    for seed, env, preset, obs in kinds:
        if arguments.ladder and obs not in PRESETS[preset].observations:
            continue
        words = ["--env", env, "--obs", obs, "--preset", preset, "--seed", str(seed), *options]
        config = Train.parse(words).config
        find_spec(config.env.id)
        if arguments.ladder:
            _check_mark(config)
        folder = arguments.out / default_run_dir(config).relative_to("runs")
        # A run that is gone on with keeps its own budget unless it is told.
        words += ["--steps", str(config.steps), "--reward-threshold", str(config.reward_threshold)]
        cells.append(Cell((*words, "--run-dir", str(folder), "--resume"), config, folder))
    if len({cell.folder for cell in cells}) < len(cells):
        raise ConfigError("The grid has the same run twice; name each environment and preset once.")
    return cells


def _check_mark(config: Config) -> None:
    from agents.build import reward_threshold  # torch takes two seconds to import

    if reward_threshold(config) is None:
        raise ConfigError(
            f"--ladder measures how long each preset takes to a mean return, and {config.env.id} has none "
            "to reach here; give one as --reward-threshold."
        )


class Sweep:
    """Runs cells side by side under one bar.

    Args:
        cells: The grid.
        jobs: Processes at once.
    """

    def __init__(self, cells: Sequence[Cell], jobs: int) -> None:
        self._cells, self._jobs = cells, jobs
        self._capacities: dict[Config, int] = {}
        self.failed: dict[str, str] = {}
        """Name of each cell that failed, and the last line it printed."""

    def run(self, should_stop: Callable[[], bool]) -> bool:
        """Runs until all cells are done or failed, or `should_stop()`; returns whether all were tried.

        A stop is handed on to the processes, which save themselves.
        """
        todo = [cell for cell in self._cells if self._to_do(cell)]
        done = len(self._cells) - len(todo)
        running: dict[Cell, subprocess.Popen[bytes]] = {}
        shape = "{percentage:3.0f}%|{bar}| {n:.1f}/{total} runs [{elapsed}<{remaining}{postfix}]"
        with tqdm(total=len(self._cells), initial=done, bar_format=shape, dynamic_ncols=True) as bar:
            if done > len(self.failed):
                before = done - len(self.failed)
                bar.write(f"{before} of {len(self._cells)} runs were finished before", sys.stderr)
            try:
                while (todo or running) and not should_stop():
                    while todo and len(running) < self._jobs:
                        cell = todo.pop(0)
                        running[cell] = self._start(cell)
                    time.sleep(LOOK_SECONDS)
                    for cell in [cell for cell, process in running.items() if process.poll() is not None]:
                        bar.write(self._finish(cell, running.pop(cell).returncode), sys.stderr)
                        done += 1
                    bar.n = done + sum(cell.share_done() for cell in running)
                    bar.set_postfix_str(", ".join(cell.name for cell in running))
            finally:
                for process in running.values():
                    process.send_signal(signal.SIGINT)
                for process in running.values():
                    process.wait()
        return not (todo or running)

    def _to_do(self, cell: Cell) -> bool:
        try:
            return not cell.finished()
        except (ConfigError, ValueError) as error:
            self.failed[cell.name] = str(error)
            return False

    def _start(self, cell: Cell) -> "subprocess.Popen[bytes]":
        cell.log.parent.mkdir(parents=True, exist_ok=True)
        words = list(cell.words)
        if (
            cell.config.memory.kind == "replay"
            and cell.config.memory.capacity is None
            and not (cell.folder / "config.json").exists()
        ):
            words += ["--memory.capacity", str(self._capacity(cell.config))]
        command = [sys.executable, str(TRAIN), *words]
        threads = str(min(max(cores() // self._jobs, 1), threads_allowed()))
        with cell.log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env={**os.environ, "OMP_NUM_THREADS": threads},
                start_new_session=True,  # Ctrl-C is handed on once, by us
            )

    def _capacity(self, config: Config) -> int:
        """Returns the memory's size, the same for all seeds: the RAM that is free changes meanwhile."""
        from agents.build import with_capacity  # as above

        kind = replace(config, seed=0)
        if kind not in self._capacities:
            capacity = with_capacity(kind, 1 / self._jobs)[0].memory.capacity
            assert capacity is not None
            self._capacities[kind] = capacity
        return self._capacities[kind]

    def _finish(self, cell: Cell, status: int) -> str:
        summary = read_summary(cell.folder)
        if status == 0 and summary:
            return f"{cell.name}: {closing_line(summary, cell.folder).partition(' Next: ')[0]}"
        lines = cell.log.read_text(errors="replace").replace("\r", "\n").splitlines()
        said = next((line for line in reversed(lines) if line.strip()), "it printed nothing")
        self.failed[cell.name] = said
        return f"{cell.name} failed with exit status {status}: {said} ({cell.log})"
