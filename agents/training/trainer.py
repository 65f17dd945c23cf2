"""The training loop: act, learn, evaluate, save."""

import time
from dataclasses import asdict, dataclass
from functools import partial

import torch

from agents.acting.collector import Collector
from agents.acting.episodes import Interrupted, ShouldStop, never
from agents.config import Config
from agents.learning.batch import Batch
from agents.learning.dqn import DQN
from agents.memory import Memory
from agents.runs.chunks import State
from agents.runs.folder import RunFolder
from agents.runs.tags import SECONDS
from agents.training.clock import Clock
from agents.training.divergence import check_finite, diverged
from agents.training.evaluation import EvaluationRule
from agents.training.progress import Interval, Progress, Report
from agents.training.stopwatch import Stopwatch


@dataclass(kw_only=True, eq=False)
class Trainer:
    """Training of one agent in one environment, from states and from pixels alike."""

    config: Config
    progress: Progress
    stopwatch: Stopwatch
    agent: DQN
    memory: Memory
    collector: Collector
    evaluation: EvaluationRule
    folder: RunFolder
    device: torch.device

    def __post_init__(self) -> None:
        self.clock, self._interval = Clock(self.config, self.progress), Interval()
        if self.config.schedule.overlap:
            self.collector.meanwhile = partial(self._learn, never)

    @property
    def finished(self) -> bool:
        """Whether the budget is spent or the reward threshold reached."""
        return self.clock.out_of_budget or self.evaluation.solved

    @property
    def complete(self) -> bool:
        """Whether the run is finished and was evaluated at its end."""
        return self.finished and self.progress.evaluated_at == self.progress.env_steps

    def run(self, should_stop: ShouldStop, report: Report = lambda _stage: None) -> bool:
        """Train until the run is complete or `should_stop()`; return whether it is complete.

        Args:
            should_stop: Called between any two updates or steps.
            report: Called after each step, and before each evaluation.

        Raises:
            ConfigError: training has diverged; nothing more is saved.
        """
        saved_at = time.perf_counter()
        self.stopwatch.start()
        while not should_stop():
            if not self.config.schedule.overlap:
                self._learn(should_stop)
            if should_stop() or not self._measure(should_stop, report) or self.finished:
                break
            if time.perf_counter() - saved_at > self.config.checkpoint_seconds:
                self._save()
                saved_at = time.perf_counter()
            self._step()
            report("")
            self.stopwatch.lap("log")
        self._save()
        return self.complete

    def _step(self) -> None:
        """Act once in every environment."""
        self.progress.episodes += self.collector.step(self.clock.epsilon)
        self.progress.env_steps += self.collector.env.num_envs
        self._interval.env_steps += self.collector.env.num_envs

    def _learn(self, should_stop: ShouldStop) -> None:
        """Take the gradient steps that are due; copy the target network if due."""
        progress, interval, block = self.progress, self._interval, self.memory.block
        due, rate = self.clock.updates_due, self.clock.learning_rate
        if progress.updates < due and rate is not None:
            self.agent.set_learning_rate(rate)
        while progress.updates < due and not should_stop():
            # Blocks end at multiples of their size, so that a resumed run draws the same ones.
            count = min(due - progress.updates, block - progress.updates % block)
            size = count * self.config.learning.batch_size
            batch = self.memory.sample(size, self.clock.importance_sampling_exponent)
            update = self.agent.update(Batch(*(part.to(self.device) for part in batch)), count)
            try:
                self.memory.update_priorities(batch.indices, update.priority)
            except FloatingPointError as error:
                raise diverged(self.config, progress.env_steps) from error
            progress.updates += count
            interval.updates += count
            interval.loss = interval.loss + update.loss
            interval.q = interval.q + update.q
        if self.clock.copies_due > progress.target_copies and progress.updates >= due:
            self.agent.copy_target()
            progress.target_copies = self.clock.copies_due
        self.stopwatch.lap("learn")

    def _measure(self, should_stop: ShouldStop, report: Report) -> bool:
        """Log and evaluate if due; return False if the evaluation was stopped.

        A stopped evaluation has no effect and is repeated when the run is resumed.
        """
        if self._due(self.config.log_every, self.progress.logged_at):
            self.progress.logged_at = self.progress.env_steps
            self._log()
        self.stopwatch.lap("log")
        if not self._due(self.config.evaluation.every, self.progress.evaluated_at):
            return True
        try:
            self.evaluation.evaluate(self.stopwatch.train_seconds, should_stop, report)
        except Interrupted:
            return False
        finally:
            self.stopwatch.lap("evaluate")
        return True

    def _due(self, period: int, before: int) -> bool:
        """Whether a period of agent steps has ended since `before`, or the run has just finished."""
        now = self.progress.env_steps
        return now // period > before // period or (self.finished and now > before)

    def _log(self) -> None:
        interval, episodes = self._interval, self.collector.episodes
        recent = self.stopwatch.recent()
        seconds = max(sum(recent.values()), 1e-9)
        values = {
            "epsilon": self.clock.epsilon,
            "episodes": float(self.progress.episodes),
            "updates": float(self.progress.updates),
            "rate/env_steps": interval.env_steps / seconds,
            "rate/updates": interval.updates / seconds,
            SECONDS: self.stopwatch.train_seconds,
        }
        values |= {f"time/{section}": spent / seconds for section, spent in recent.items()}
        if interval.updates:
            values["loss/td"] = float(interval.loss) / interval.updates
            values["q/mean"] = float(interval.q) / interval.updates
            check_finite(self.config, self.progress.env_steps, values["loss/td"], values["q/mean"])
        if episodes:
            count = len(episodes)
            values["return/train"] = sum(episode.score for episode in episodes) / count
            values["length/train"] = sum(episode.length for episode in episodes) / count
            if self.config.returns.clip_reward:
                values["return/train_clipped"] = sum(episode.learned for episode in episodes) / count
            self.progress.last_return, self.progress.last_episodes = values["return/train"], count
        self.folder.log(self.progress.env_steps, values)
        episodes.clear()
        self.stopwatch.clear()
        self._interval = Interval()

    def _save(self) -> None:
        at, interval = self.progress.env_steps, self._interval
        check_finite(self.config, at, float(interval.loss), float(interval.q))
        self.folder.save(self.state_dict(), at)
        self.stopwatch.lap("save")

    def state_dict(self) -> State:
        """Return the complete state of the run."""
        return {
            "progress": asdict(self.progress),
            "stopwatch": self.stopwatch.state_dict(),
            "interval": asdict(self._interval),
            "agent": self.agent.state_dict(),
            "memory": self.memory.state_dict(),
            "collector": self.collector.state_dict(),
        }

    def load_state_dict(self, state: State) -> None:
        """Restore a `state_dict`."""
        vars(self.progress).update(asdict(Progress(**state["progress"])))
        self._interval = Interval(**state["interval"])
        self.stopwatch.load_state_dict(state["stopwatch"])
        self.agent.load_state_dict(state["agent"])
        self.memory.load_state_dict(state["memory"])
        self.collector.load_state_dict(state["collector"])
