"""The loop: play, learn, measure, save."""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from agents.acting.collector import Collector
from agents.acting.episodes import Interrupted, Score, ShouldStop
from agents.config import Config
from agents.learning.batch import Batch
from agents.learning.dqn import DQN
from agents.learning.schedules import linear
from agents.memory.protocol import Memory
from agents.training.divergence import diverged, refuse_divergence
from agents.training.output import Evaluator, Output, Report, say_nothing
from agents.training.progress import Progress, Window


class Trainer:
    """Trains one agent on one environment; state and pixels take the same way.

    Args:
        config: Budget, schedules and periods are read from here.
        agent: Learns.
        memory: Remembers.
        collector: Plays.
        window: What happens between two log entries is added up here.
        evaluator: Measures greedy play.
        output: Where results go.
        reward_threshold: Mean return over `evaluation.solved_episodes` that ends the run; None goes on.
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
        reward_threshold: float | None,
        device: torch.device,
        normalise: Callable[[float], float | None],
    ) -> None:
        self.config, self.agent, self.memory, self.collector = config, agent, memory, collector
        self.progress, self.reward_threshold = Progress(), reward_threshold
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
        s = self.config.exploration
        return linear(s.epsilon_start, s.epsilon_end, s.epsilon_decay_steps, self.ticks)

    @property
    def beta(self) -> float:
        """How far importance weights make up for priorities now."""
        return linear(
            self.config.memory.importance_sampling_exponent, 1, self.config.steps, self.progress.env_steps
        )

    @property
    def slowest_stage(self) -> str:
        """What most of the time since the last log entry went into, such as `learn 71 %`."""
        seconds = self._window.seconds
        stage = max(seconds, key=lambda name: seconds[name])
        return f"{stage} {100 * seconds[stage] / max(sum(seconds.values()), 1e-9):.0f} %"

    @property
    def solved(self) -> bool:
        """Whether the run has reached its reward threshold, or once reached a higher one."""
        reached = self.progress.reached_threshold
        return (
            self.reward_threshold is not None and reached is not None and reached >= self.reward_threshold
        )

    @property
    def finished(self) -> bool:
        """Whether the budget is spent or the reward threshold reached."""
        episodes = self.config.schedule.episodes
        spent = self.progress.env_steps >= self.config.steps
        spent = spent or (episodes is not None and self.progress.episodes >= episodes)
        return spent or self.solved

    @property
    def complete(self) -> bool:
        """Whether the run is finished and was evaluated at its end."""
        return self.finished and self.progress.evaluated_at == self.progress.env_steps

    def run(self, should_stop: ShouldStop, report: Report = say_nothing) -> bool:
        """Goes on until the run is complete or `should_stop()`; returns whether it is complete.

        Args:
            should_stop: Asked between any two updates or steps.
            report: Called after each round of steps, for a progress bar, and before each evaluation.

        Raises:
            ConfigError: training has diverged; nothing is saved any more.
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
            measured = self._measure(should_stop, report)
            if now - saved > self.config.checkpoint_seconds:
                self._save()
                saved = time.perf_counter()
            aside += time.perf_counter() - now
            if self.finished or not measured:
                break
            self._window.env_steps += self.collector.env.num_envs
            self.progress.episodes += self.collector.step(self.epsilon)
            self.progress.env_steps += self.collector.env.num_envs
            report("")
        self.progress.train_seconds = base + time.perf_counter() - began - aside
        self._save()
        return self.complete

    def _save(self) -> None:
        self._check(float(self._window.loss))
        self._output.save(self.state_dict(), self.progress.env_steps)

    def _check(self, *values: float) -> None:
        refuse_divergence(self.config, self.progress.env_steps, *values)

    def _learn(self, should_stop: ShouldStop) -> None:
        """Makes the updates that the clock has brought due."""
        target, progress = self.config.target, self.progress
        start, every, updates = self.config.update_clock
        due = max(self.ticks - start, 0) // every * updates
        if progress.updates < due and self.config.learning.learning_rate_end is not None:
            self.agent.set_learning_rate(self._learning_rate())
        while progress.updates < due and not should_stop():
            # Blocks end at multiples of their size, so that a resumed run makes the same ones.
            count = min(due - progress.updates, self.memory.block - progress.updates % self.memory.block)
            batch = self.memory.sample(count * self.config.learning.batch_size, self.beta)
            update = self.agent.update(Batch(*(part.to(self._device) for part in batch)), count)
            try:
                self.memory.update_priorities(batch.indices, update.priority)
            except ValueError as error:
                raise diverged(self.config, self.progress.env_steps) from error
            progress.updates += count
            self._window.updates += count
            self._window.loss = self._window.loss + update.loss
            self._window.q = self._window.q + update.q
        copies = self.ticks // target.update_period if target.update_period else 0
        if copies > progress.target_copies and progress.updates >= due:
            self.agent.copy_target()
            progress.target_copies = copies

    def _learning_rate(self) -> float:
        rates, steps = self.config.learning, self.config.steps
        end = rates.learning_rate if rates.learning_rate_end is None else rates.learning_rate_end
        return linear(rates.learning_rate, end, steps, self.progress.env_steps)

    def _measure(self, should_stop: ShouldStop, report: Report) -> bool:
        """Logs and evaluates where it is time to; returns whether that came to its end.

        An evaluation that is stopped leaves no trace and is made again when the run is resumed.
        """
        progress, config = self.progress, self.config
        if self._due(config.log_every, progress.logged_at):
            progress.logged_at = progress.env_steps
            self._log()
        if not self._due(config.evaluation.every, progress.evaluated_at):
            return True
        started = time.perf_counter()
        try:
            self._evaluate_now(should_stop, report)
        except Interrupted:
            return False
        finally:
            progress.eval_seconds += time.perf_counter() - started
        progress.evaluated_at = progress.env_steps
        return True

    def _due(self, every: int, before: int) -> bool:
        """Whether a period has passed since `before`, or the run is at an end that was not measured yet."""
        now = self.progress.env_steps
        return now // every > before // every or (self.finished and now > before)

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
            self._check(values["loss/td"], values["q/mean"])
        if finished:
            raw, learned, lengths = (sum(column) / len(finished) for column in zip(*finished, strict=True))
            values |= {"return/train": raw, "length/train": lengths}
            if self.config.returns.clip_reward:
                values["return/train_clipped"] = learned
            self.progress.last_return = values["return/train"]
            self.progress.last_episodes = len(finished)
        self._output.log(self.progress.env_steps, values)
        finished.clear()
        window.updates, window.loss, window.q, window.env_steps = 0, 0.0, 0.0, 0
        window.seconds.update(dict.fromkeys(window.seconds, 0.0))

    def _evaluate_now(self, should_stop: ShouldStop, report: Report) -> None:
        """Measures greedy play; where it reaches the reward threshold, measures again on fresh seeds."""
        progress, settings, reward_threshold = self.progress, self.config.evaluation, self.reward_threshold
        report("evaluating")
        score = self._evaluate("evaluation", 0, settings.episodes, should_stop)
        confirmed = None
        if reward_threshold is not None and score.mean >= reward_threshold:
            report(f"confirming over {settings.solved_episodes} episodes")
            episodes = settings.solved_episodes
            confirmed = self._evaluate("solved", progress.env_steps, episodes, should_stop)
        progress.last_eval = score.mean
        self._log_score("eval", score)
        if score.mean >= progress.best_mean:
            progress.best_mean = score.mean
            self._keep(score)
        if reward_threshold is None or confirmed is None:
            return
        self._log_score("solved", confirmed)
        if confirmed.mean >= reward_threshold and not self.solved:
            progress.reached_threshold = reward_threshold
            progress.steps_to_solve = progress.env_steps
            progress.seconds_to_solve = progress.train_seconds
            self._keep(confirmed)

    def _log_score(self, name: str, score: Score) -> None:
        values = {
            f"return/{name}": score.mean,
            f"length/{name}": float(score.lengths.mean()),
            f"truncated/{name}": float(score.truncated),
        }
        normalised = self.normalise(score.mean)
        if normalised is not None:
            values[f"return/{name}_human_normalised"] = normalised
        at = self.progress.env_steps
        self._output.log(at, values | dict(score.probe))
        if score.values is not None:
            self._check(float(score.values.min()), float(score.values.max()))
            self._output.histogram(at, f"q/{name}", score.values.max(axis=1))
            self._output.histogram(at, f"actions/{name}", score.values.argmax(axis=1))
        if score.first is not None and score.first.ndim == 3:
            self._output.image(at, f"observation/{name}", np.hstack(list(score.first)))
        if score.video is not None:
            self._output.video(at, f"play/{name}", score.video)

    def _keep(self, score: Score) -> None:
        self._output.keep_best(
            self.agent.ema_network.state_dict(),
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
        if self.reward_threshold is not None and not self.solved:  # a higher reward threshold starts anew
            self.progress.reached_threshold = None
            self.progress.steps_to_solve = self.progress.seconds_to_solve = None
