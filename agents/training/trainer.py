"""The loop: play, learn, measure, save."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
import torch

from agents.config import Config
from agents.learning.batch import Batch
from agents.learning.dqn import DQN
from agents.learning.schedules import linear
from agents.memory.protocol import Memory
from agents.training.collector import Collector
from agents.training.evaluation import Score

Evaluator = Callable[[str, int, int], Score]
"""Maps a seed stream, a key that tells its draws apart, and a number of episodes to a score."""


class Output(Protocol):
    """Where a trainer's results go; `run_folder.RunFolder` is the real one."""

    def log(self, env_steps: int, values: dict[str, float]) -> None:
        """Writes scalars."""

    def keep_best(self, agent: dict[str, Any], note: dict[str, Any]) -> None:
        """Keeps an agent as the best so far."""

    def picture(self, env_steps: int, tag: str, image: Any) -> None:
        """Writes a gray picture `[H, W] uint8`."""

    def histogram(self, env_steps: int, tag: str, values: Any) -> None:
        """Writes how numbers `[N]` are distributed."""

    def film(self, env_steps: int, tag: str, pictures: Any) -> None:
        """Writes gray pictures `[T, H, W] uint8` as a film."""

    def save(self, state: dict[str, Any], env_steps: int) -> None:
        """Saves all that the run needs to go on."""


@dataclass
class Progress:
    """How far a run has come; saved with it."""

    env_steps: int = 0
    updates: int = 0
    episodes: int = 0
    target_copies: int = 0
    logs: int = 0
    evaluations: int = 0
    train_seconds: float = 0.0  # play, learning, logs; evaluation and saving stand apart
    eval_seconds: float = 0.0
    best_mean: float = float("-inf")
    steps_to_solve: int | None = None
    seconds_to_solve: float | None = None
    last_return: float = float("nan")
    last_eval: float = float("nan")


@dataclass
class Window:
    """What happened since the last log entry."""

    updates: int = 0
    loss: float | torch.Tensor = 0.0
    q: float | torch.Tensor = 0.0
    env_steps: int = 0
    seconds: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(("act", "env", "memory", "learn"), 0.0)
    )


class Trainer:
    """Trains one agent on one environment; state and pixels take the same way.

    Args:
        config: Budget, schedules and periods are read from here.
        agent: Learns.
        memory: Remembers.
        collector: Plays.
        evaluator: Measures greedy play.
        output: Where results go.
        stop_score: Mean return over `evaluation.solved_episodes` that ends the run; None goes on.
        device: Where batches go.
        normalise: Maps a score to one where random play is 0 and a human 1, if that is known.
    """

    def __init__(
        self,
        config: Config,
        *,
        agent: DQN,
        memory: Memory,
        collector: Collector,
        window: Window,
        evaluator: Evaluator,
        output: Output,
        stop_score: float | None,
        device: torch.device,
        normalise: Callable[[float], float | None],
    ) -> None:
        self.config, self.agent, self.memory, self.collector = config, agent, memory, collector
        self.progress, self.stop_score = Progress(), stop_score
        self._window, self._evaluate, self._output = window, evaluator, output
        self._device, self.normalise = device, normalise

    @property
    def ticks(self) -> int:
        """What the schedule's clock shows."""
        by_steps = self.config.schedule.clock == "steps"
        return self.progress.env_steps if by_steps else self.progress.episodes

    @property
    def epsilon(self) -> float:
        """Probability of a random action now."""
        s = self.config.schedule
        return linear(s.epsilon_start, s.epsilon_end, s.epsilon_duration, self.ticks)

    @property
    def beta(self) -> float:
        """How far importance weights make up for priorities now."""
        return linear(self.config.memory.beta, 1, self.config.steps, self.progress.env_steps)

    @property
    def slowest_stage(self) -> str:
        """What most of the time since the last log entry went into, such as `learn 71 %`."""
        seconds = self._window.seconds
        stage = max(seconds, key=lambda name: seconds[name])
        return f"{stage} {100 * seconds[stage] / max(sum(seconds.values()), 1e-9):.0f} %"

    @property
    def finished(self) -> bool:
        """Whether the budget is spent or the mark reached."""
        episodes = self.config.schedule.episodes
        spent = self.progress.env_steps >= self.config.steps
        spent = spent or (episodes is not None and self.progress.episodes >= episodes)
        solved = self.stop_score is not None and self.progress.steps_to_solve is not None
        return spent or solved

    def run(self, should_stop: Callable[[], bool], report: Callable[[], None]) -> bool:
        """Goes on until the run is finished or `should_stop()`; returns whether it is finished.

        Args:
            should_stop: Asked between any two updates or steps.
            report: Called after each round of steps, for a progress bar.
        """
        saved = began = time.perf_counter()
        aside = 0.0  # seconds of this call that are no training
        base = self.progress.train_seconds
        while not should_stop():
            started = time.perf_counter()
            self._learn(should_stop)
            self._window.seconds["learn"] += time.perf_counter() - started
            if should_stop():
                break
            now = time.perf_counter()
            self.progress.train_seconds = base + now - began - aside
            self._measure()
            done = self.finished
            if now - saved > self.config.checkpoint_seconds:
                self._output.save(self.state_dict(), self.progress.env_steps)
                saved = time.perf_counter()
            aside += time.perf_counter() - now
            if done:
                break
            self._window.env_steps += self.collector.env.num_envs
            self.progress.episodes += self.collector.step(self.epsilon)
            self.progress.env_steps += self.collector.env.num_envs
            report()
        self.progress.train_seconds = base + time.perf_counter() - began - aside
        self._output.save(self.state_dict(), self.progress.env_steps)
        return self.finished

    def _learn(self, should_stop: Callable[[], bool]) -> None:
        """Makes the updates that the clock has brought due."""
        schedule, progress = self.config.schedule, self.progress
        start, every, updates = self.config.update_clock
        due = max(self.ticks - start, 0) // every * updates
        if progress.updates < due and self.config.learning.learning_rate_end is not None:
            self.agent.set_learning_rate(self._learning_rate())
        while progress.updates < due and not should_stop():
            # Blocks end at multiples of their size, so that a resumed run makes the same ones.
            count = min(due - progress.updates, self.memory.block - progress.updates % self.memory.block)
            batch = self.memory.sample(count * self.config.learning.batch_size, self.beta)
            update = self.agent.update(Batch(*(part.to(self._device) for part in batch)), count)
            self.memory.prioritize(batch.ticket, update.priority)
            progress.updates += count
            self._window.updates += count
            self._window.loss = self._window.loss + update.loss
            self._window.q = self._window.q + update.q
        copies = self.ticks // schedule.target_every if schedule.target_every else 0
        if copies > progress.target_copies and progress.updates >= due:
            self.agent.copy_target()
            progress.target_copies = copies

    def _learning_rate(self) -> float:
        rates, steps = self.config.learning, self.config.steps
        end = rates.learning_rate if rates.learning_rate_end is None else rates.learning_rate_end
        return linear(rates.learning_rate, end, steps, self.progress.env_steps)

    def _measure(self) -> None:
        """Logs and evaluates where it is time to."""
        progress, config = self.progress, self.config
        if progress.env_steps // config.log_every > progress.logs or self.finished:
            progress.logs = progress.env_steps // config.log_every
            self._log()
        if progress.env_steps // config.evaluation.every > progress.evaluations or self.finished:
            progress.evaluations = progress.env_steps // config.evaluation.every
            started = time.perf_counter()
            self._evaluate_now()
            progress.eval_seconds += time.perf_counter() - started

    def _log(self) -> None:
        window, finished = self._window, self.collector.finished
        seconds = max(sum(window.seconds.values()), 1e-9)
        values = {
            "epsilon": self.epsilon,
            "episodes": float(self.progress.episodes),
            "updates": float(self.progress.updates),
            "rate/env_steps": window.env_steps / seconds,
            "rate/updates": window.updates / seconds,
            "time/train_seconds": self.progress.train_seconds,
        }
        values |= {f"time/{stage}": spent / seconds for stage, spent in window.seconds.items()}
        if window.updates:
            values["loss/td"] = float(window.loss) / window.updates
            values["q/mean"] = float(window.q) / window.updates
        if finished:
            raw, learned, lengths = (sum(column) / len(finished) for column in zip(*finished, strict=True))
            values |= {"return/train": raw, "length/train": lengths}
            if self.config.memory.clip_reward:
                values["return/train_clipped"] = learned
            self.progress.last_return = values["return/train"]
        self._output.log(self.progress.env_steps, values)
        finished.clear()
        window.updates, window.loss, window.q, window.env_steps = 0, 0.0, 0.0, 0
        window.seconds.update(dict.fromkeys(window.seconds, 0.0))

    def _evaluate_now(self) -> None:
        """Measures greedy play; where it reaches the mark, measures again on fresh seeds."""
        progress, config = self.progress, self.config
        score = self._evaluate("evaluation", 0, config.evaluation.episodes)
        progress.last_eval = score.mean
        self._log_score("eval", score)
        if score.mean >= progress.best_mean:
            progress.best_mean = score.mean
            self._keep(score)
        if self.stop_score is None or score.mean < self.stop_score:
            return
        score = self._evaluate("solved", progress.env_steps, config.evaluation.solved_episodes)
        self._log_score("solved", score)
        if score.mean >= self.stop_score and progress.steps_to_solve is None:
            progress.steps_to_solve = progress.env_steps
            progress.seconds_to_solve = progress.train_seconds
            self._keep(score)

    def _log_score(self, name: str, score: Score) -> None:
        values = {f"return/{name}": score.mean, f"length/{name}": float(score.lengths.mean())}
        normalised = self.normalise(score.mean)
        if normalised is not None:
            values[f"return/{name}_human_normalised"] = normalised
        at = self.progress.env_steps
        self._output.log(at, values | dict(score.probe))
        if score.values is not None:
            self._output.histogram(at, f"q/{name}", score.values.max(axis=1))
            self._output.histogram(at, f"actions/{name}", score.values.argmax(axis=1))
        if score.first is not None and score.first.ndim == 3:
            self._output.picture(at, f"observation/{name}", np.hstack(list(score.first)))
        if score.film is not None:
            self._output.film(at, f"play/{name}", score.film)

    def _keep(self, score: Score) -> None:
        self._output.keep_best(
            self.agent.judged.state_dict(),
            {"env_steps": self.progress.env_steps, "score": score.summary()},
        )

    def state_dict(self) -> dict[str, Any]:
        """Returns all that decides how the run goes on."""
        return {
            "progress": asdict(self.progress),
            "window": asdict(self._window),
            "agent": self.agent.state_dict(),
            "memory": self.memory.state_dict(),
            "collector": self.collector.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        self.progress = Progress(**state["progress"])
        seconds = self._window.seconds
        self._window.__dict__.update(state["window"], seconds=seconds)
        seconds.update(state["window"]["seconds"])
        self.agent.load_state_dict(state["agent"])
        self.memory.load_state_dict(state["memory"])
        self.collector.load_state_dict(state["collector"])
