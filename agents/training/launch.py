"""Running a trainer until it is done, with a bar, and stopping it without loss."""

import shlex
import time
from typing import Any

from tqdm import tqdm

from agents.acting.episodes import Interrupted, ShouldStop, refuse_to_stop
from agents.runs.folder import RunFolder, read_best
from agents.training.output import Evaluator
from agents.training.trainer import Trainer


class ProgressBar:
    """A bar of a trainer's budget, with scores and what is being done besides training.

    Args:
        trainer: Whose budget.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        schedule = trainer.config.schedule
        self._by_episodes = by_episodes = schedule.clock == "episodes" and schedule.episodes is not None
        self._bar = tqdm(
            total=schedule.episodes if by_episodes else trainer.config.steps,
            unit=" episodes" if by_episodes else " steps",
            initial=self._done,
            dynamic_ncols=True,
            mininterval=0.5,
        )

    @property
    def _done(self) -> int:
        """How much is spent of what ends the run."""
        progress = self._trainer.progress
        return progress.episodes if self._by_episodes else progress.env_steps

    def __call__(self, stage: str) -> None:
        """Takes note of the trainer's progress; a stage is shown at once."""
        bar, done = self._bar, self._done
        if stage or (done > bar.n and time.time() - bar.last_print_t > bar.mininterval):
            bar.set_postfix(self._shown(stage), refresh=False)
        if done > bar.n:
            bar.update(done - bar.n)
        if stage:
            bar.refresh()

    def _shown(self, stage: str) -> dict[str, str]:
        """Returns scores, once there are any, and the stage, or what takes longest in training."""
        progress, shown = self._trainer.progress, {}
        if progress.last_episodes:
            plural = "s" * (progress.last_episodes > 1)
            shown["score"] = f"{progress.last_return:.0f} ({progress.last_episodes} episode{plural})"
        if progress.last_eval == progress.last_eval:
            shown["greedy"] = f"{progress.last_eval:.0f}"
        shown["epsilon"] = f"{self._trainer.epsilon:.2f}"
        return shown | ({"now": stage} if stage else {"slowest": self._trainer.slowest_stage})

    def close(self) -> None:
        """Leaves the bar as it is."""
        self._bar.close()


def complete(trainer: Trainer, evaluator: Evaluator, folder: RunFolder, stop: ShouldStop) -> bool:
    """Trains under a bar until the run is done, and writes its summary; returns whether it came to that."""
    bar = ProgressBar(trainer)
    try:
        if trainer.complete or trainer.run(stop, bar):
            bar("measuring the kept agent")
            folder.summarize(summarize(trainer, evaluator, read_best(folder.path), stop))
            return True
    except Interrupted:
        pass  # the trainer has saved; the summary is made when the run is resumed
    finally:
        bar.close()
    return False


def summarize(
    trainer: Trainer,
    evaluator: Evaluator,
    best: dict[str, Any],
    should_stop: ShouldStop = refuse_to_stop,
) -> dict[str, Any]:
    """Returns what `summary.json` holds.

    Args:
        trainer: A finished one.
        evaluator: Plays the agent as it is at the end, where that is not the one kept.
        best: What `RunFolder` kept: parameters under `agent`, origin under `note`.
        should_stop: Asked between any two steps of play.

    Raises:
        Interrupted: `should_stop()`.
    """
    config, progress, solved = trainer.config, trainer.progress, trainer.solved
    episodes = config.evaluation.solved_episodes
    score, final = best["note"]["score"], best["note"]["score"]
    newest = best["note"]["env_steps"] == progress.env_steps
    if not (solved and newest):
        started = time.perf_counter()
        final = evaluator("solved", progress.env_steps, episodes, should_stop).summary()
        if not solved and newest:
            score = final
        elif not solved:
            last = {k: v.clone() for k, v in trainer.agent.ema_network.state_dict().items()}
            trainer.agent.ema_network.load_state_dict(best["agent"])
            score = evaluator("solved", progress.env_steps, episodes, should_stop).summary()
            trainer.agent.ema_network.load_state_dict(last)
        progress.eval_seconds += time.perf_counter() - started
    reward_threshold = trainer.reward_threshold
    return {
        "env": config.env.id,
        "obs": config.env.obs,
        "preset": config.preset,
        "seed": config.seed,
        "env_steps": progress.env_steps,
        "updates": progress.updates,
        "episodes": progress.episodes,
        "train_seconds": round(progress.train_seconds, 3),
        "eval_seconds": round(progress.eval_seconds, 3),
        "eval_episodes": score["episodes"],
        "eval_mean": score["mean"],
        "eval_std": score["std"],
        "eval_min": score["min"],
        "eval_ci95": [score["ci95_low"], score["ci95_high"]],
        "eval_at_step": best["note"]["env_steps"],
        "final_mean": final["mean"],
        "final_min": final["min"],
        "eval_human_normalised": trainer.normalise(score["mean"]),
        "protocol": config.env.protocol,
        "reward_threshold": reward_threshold,
        "solved": solved if reward_threshold is not None else None,
        "reached_threshold": progress.reached_threshold,
        "steps_to_solve": progress.steps_to_solve,
        "seconds_to_solve": progress.seconds_to_solve,
    }


def closing_line(summary: dict[str, Any], folder: Any, *, drawn: bool = True) -> str:
    """Returns the sentence a run ends with: score, steps, seconds, and where to look next.

    Args:
        summary: What `summarize` returned.
        folder: The run's.
        drawn: Whether a play of the environment can be recorded.
    """
    words = ["record.py" if drawn else "evaluate.py", str(folder)]
    words += ["--out", "play.html"] if drawn else []
    module = summary["env"].rpartition(":")[0]
    words += ["--module", module] if module else []
    how = f"reached {summary['eval_mean']:.1f}"
    if summary["solved"]:
        how = f"solved with {summary['eval_mean']:.1f}"
    return (
        f"{summary['env']} from {summary['obs']}: {how} (mean of {summary['eval_episodes']} greedy "
        f"episodes) after {summary['env_steps']:,} steps and {summary['train_seconds']:.1f} s of "
        f"training (+ {summary['eval_seconds']:.1f} s of evaluation). Next: make tensorboard, or "
        f"python scripts/{shlex.join(words)}"
    )
