"""Running a trainer under a progress bar until it is complete or stopped."""

import time

from tqdm import tqdm

from agents.acting.episodes import Interrupted, ShouldStop
from agents.runs.checkpoint import read_best
from agents.runs.folder import RunFolder
from agents.runs.summary import Summary
from agents.training.trainer import Trainer


class ProgressBar:
    """Bar of a trainer's budget, with scores and the current stage."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer, clock = trainer, trainer.clock
        self._bar = tqdm(
            total=clock.budget,
            unit=" episodes" if clock.by_episodes else " steps",
            initial=clock.spent,
            dynamic_ncols=True,
            mininterval=0.5,
        )

    def __call__(self, stage: str) -> None:
        """Update the bar; a stage is shown at once."""
        bar, spent = self._bar, self._trainer.clock.spent
        if stage or (spent > bar.n and time.time() - bar.last_print_t > bar.mininterval):
            bar.set_postfix(self._postfix(stage), refresh=False)
        if spent > bar.n:
            bar.update(spent - bar.n)
        if stage:
            bar.refresh()

    def _postfix(self, stage: str) -> dict[str, str]:
        """Return scores, ε, and the stage or the slowest section of training."""
        progress, postfix = self._trainer.progress, {}
        if progress.last_episodes:
            plural = "s" * (progress.last_episodes > 1)
            postfix["score"] = f"{progress.last_return:.0f} ({progress.last_episodes} episode{plural})"
        if progress.last_greedy == progress.last_greedy:
            postfix["greedy"] = f"{progress.last_greedy:.0f}"
        postfix["epsilon"] = f"{self._trainer.clock.epsilon:.2f}"
        return postfix | ({"now": stage} if stage else {"slowest": self._trainer.stopwatch.slowest})

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


def complete(trainer: Trainer, folder: RunFolder, should_stop: ShouldStop) -> Summary | None:
    """Train to the end and write the summary; return None if stopped before."""
    bar = ProgressBar(trainer)
    try:
        if trainer.complete or trainer.run(should_stop, bar):
            bar("measuring the best checkpoint")
            summary = trainer.evaluation.summarize(read_best(folder.path), trainer.stopwatch, should_stop)
            folder.finish(summary)
            return summary
    except Interrupted:
        pass  # the trainer has saved; the summary is made when the run is resumed
    finally:
        bar.close()
    return None
