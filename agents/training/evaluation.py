"""The evaluation rule: when a run is solved, its best checkpoint, its summary.

1. The agent is evaluated every `evaluation.every` agent steps and at the end of the run (periodic).
2. If that mean reaches the reward threshold, it is confirmed on more episodes from fresh seeds; if their
   mean reaches it as well, the run is solved and ends. One lucky evaluation is not enough.
3. The best checkpoint is the confirmed agent, else the one with the highest periodic mean, the newest of
   equal ones.
4. At the end, the best checkpoint and the last agent are each measured like a confirmation.
5. A protocol's random actions hide skill: where it has any, greedy play is measured beside each evaluation,
   and for the best checkpoint at the end. It is reported and decides nothing.

`agents/acting/evaluator.py` defines seeds, episodes and ε of each evaluation.
"""

from dataclasses import dataclass

import numpy as np

from agents.acting.episodes import ShouldStop, never
from agents.acting.evaluator import Evaluator
from agents.acting.score import Score
from agents.config import Config
from agents.runs import tags
from agents.runs.checkpoint import BestCheckpoint
from agents.runs.folder import RunFolder
from agents.runs.sinks import Value
from agents.runs.summary import ScoreSummary, Summary
from agents.training.divergence import check_finite
from agents.training.progress import Progress, Report
from agents.training.stopwatch import Stopwatch
from envs.families import human_normalised


@dataclass(kw_only=True, eq=False)
class EvaluationRule:
    """Evaluation of a run's agent, and its consequences."""

    config: Config
    evaluator: Evaluator
    progress: Progress
    folder: RunFolder
    reward_threshold: float | None
    """Mean return of a confirmation that ends the run; None: the budget ends it."""

    @property
    def solved(self) -> bool:
        """Whether the run has reached its reward threshold, or an earlier, higher one."""
        reached = self.progress.reached_threshold
        return (
            self.reward_threshold is not None and reached is not None and reached >= self.reward_threshold
        )

    def resume(self, *, new_threshold: bool) -> None:
        """Forget a threshold below that of the resumed run.

        If it is resumed with a new one, an evaluation at the current step counts as not made.
        """
        progress = self.progress
        if self.reward_threshold is None or self.solved:
            return
        progress.reached_threshold = progress.steps_to_solve = progress.seconds_to_solve = None
        if new_threshold:
            progress.evaluated_at = min(progress.evaluated_at, progress.env_steps - 1)

    def evaluate(self, train_seconds: float, should_stop: ShouldStop, report: Report) -> None:
        """Evaluate, confirm a score at the threshold, save the best agent.

        Raises:
            Interrupted: `should_stop()`; the evaluation has no effect.
        """
        progress, threshold = self.progress, self.reward_threshold
        report("evaluating")
        score = self.evaluator.periodic(should_stop)
        confirmation = None
        if threshold is not None and score.mean >= threshold:
            report(f"confirming over {self.config.evaluation.solved_episodes} episodes")
            confirmation = self.evaluator.confirm(progress.env_steps, should_stop)
        greedy = self.evaluator.greedy(should_stop) if self.config.evaluation.epsilon else score
        progress.evaluated_at, progress.last_greedy = progress.env_steps, greedy.mean
        self._log(tags.PERIODIC, score)
        if greedy is not score:
            self._log(tags.GREEDY, greedy)
        if score.mean >= progress.best_mean:
            progress.best_mean = score.mean
            self._save(score, confirmed=False)
        if threshold is None or confirmation is None:
            return
        self._log(tags.CONFIRMATION, confirmation)
        if confirmation.mean >= threshold and not self.solved:
            progress.reached_threshold = threshold
            progress.steps_to_solve = progress.env_steps
            progress.seconds_to_solve = train_seconds
            self._save(confirmation, confirmed=True)

    def _save(self, score: Score, *, confirmed: bool) -> None:
        agent, at = self.evaluator.policy.network.state_dict(), self.progress.env_steps
        self.folder.save_best(BestCheckpoint(agent, at, score.summary(), confirmed))

    def _log(self, kind: str, score: Score) -> None:
        at = self.progress.env_steps
        values: dict[str, Value] = {
            f"return/{kind}": score.mean,
            f"length/{kind}": float(score.lengths.mean()),
            f"truncated/{kind}": float(score.truncated),
        }
        normalised = human_normalised(self.config.env.id, score.mean)
        if normalised is not None:
            values[f"return/{kind}_human_normalised"] = normalised
        values |= score.probe
        if score.values is not None:
            check_finite(self.config, at, float(score.values.min()), float(score.values.max()))
            values[f"q/{kind}"] = score.values.max(axis=1)
            values[f"actions/{kind}"] = score.values.argmax(axis=1)
        if score.first is not None and score.first.ndim == 3:
            values[f"observation/{kind}"] = np.hstack(list(score.first))
        if score.video is not None:
            values[f"video/{kind}"] = score.video
        self.folder.log(at, values)

    def summarize(
        self, best: BestCheckpoint, stopwatch: Stopwatch, should_stop: ShouldStop = never
    ) -> Summary:
        """Return the run's summary; agents without a confirmation are measured now.

        Raises:
            Interrupted: `should_stop()`.
        """
        progress, config = self.progress, self.config
        newest = best.env_steps == progress.env_steps
        score = final = best.score
        stopwatch.start()
        if not (best.confirmed and newest):
            final = self._measure(should_stop)
        if not best.confirmed:
            score = final if newest else self._measure(should_stop, best)
        greedy = self._measure(should_stop, best, greedy=True) if config.evaluation.epsilon else None
        stopwatch.lap("evaluate")
        threshold = self.reward_threshold
        return Summary(
            env=config.env.id,
            obs=config.env.obs,
            preset=config.preset,
            seed=config.seed,
            protocol=config.env.protocol,
            env_steps=progress.env_steps,
            updates=progress.updates,
            episodes=progress.episodes,
            train_seconds=round(stopwatch.train_seconds, 3),
            train_shares=stopwatch.train_shares,
            eval_seconds=round(stopwatch.seconds["evaluate"], 3),
            eval_episodes=score["episodes"],
            eval_mean=score["mean"],
            eval_std=score["std"],
            eval_min=score["min"],
            eval_ci95=(score["ci95_low"], score["ci95_high"]),
            eval_at_step=best.env_steps,
            eval_epsilon=config.evaluation.epsilon,
            eval_human_normalised=human_normalised(config.env.id, score["mean"]),
            greedy_mean=greedy["mean"] if greedy else None,
            greedy_min=greedy["min"] if greedy else None,
            greedy_ci95=(greedy["ci95_low"], greedy["ci95_high"]) if greedy else None,
            final_mean=final["mean"],
            final_min=final["min"],
            reward_threshold=threshold,
            solved=self.solved if threshold is not None else None,
            reached_threshold=progress.reached_threshold,
            steps_to_solve=progress.steps_to_solve,
            seconds_to_solve=progress.seconds_to_solve,
        )

    def _measure(
        self, should_stop: ShouldStop, best: BestCheckpoint | None = None, *, greedy: bool = False
    ) -> ScoreSummary:
        policy = None if best is None else self.evaluator.policy.with_parameters(best.agent)
        at = self.progress.env_steps
        return self.evaluator.confirm(at, should_stop, policy, greedy=greedy).summary()
