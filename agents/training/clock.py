"""The clock of a run: due updates and copies, annealed values, budget."""

from agents.config import Config
from agents.training.progress import Progress


def linear(start: float, end: float, duration: float, now: float) -> float:
    """Interpolate from `start` at 0 to `end` at `duration`, constant from there on.

    Example:
        >>> [linear(1.0, 0.0, 4, now) for now in (0, 1, 4, 9)]
        [1.0, 0.75, 0.0, 0.0]
    """
    return end if now >= duration else start + (end - start) * now / duration


class Clock:
    """All that depends on the progress of a run.

    Most of it counts ticks: agent steps, or episodes in the chapter's preset.
    """

    def __init__(self, config: Config, progress: Progress) -> None:
        self._config, self._progress = config, progress
        schedule, memory = config.schedule, config.memory
        self._first, self._every = schedule.learning_starts, schedule.train_frequency
        self._gradient_steps = schedule.gradient_steps
        if memory.kind == "rollout":
            self._first, self._every = 0, config.env.num_envs * memory.num_steps
            self._gradient_steps = memory.update_epochs * self._every // config.learning.batch_size
        self._spread = memory.kind == "rollout" and schedule.overlap
        if self._spread:  # over the next rollout, from its first step on, which is not counted yet
            self._first = self._every - config.env.num_envs

    @property
    def ticks(self) -> int:
        """Agent steps or episodes so far."""
        by_steps = self._config.schedule.clock == "steps"
        return self._progress.env_steps if by_steps else self._progress.episodes

    @property
    def epsilon(self) -> float:
        """Probability of a random action."""
        s = self._config.exploration
        return linear(s.epsilon_start, s.epsilon_end, s.epsilon_decay_steps, self.ticks)

    @property
    def importance_sampling_exponent(self) -> float:
        """Exponent of the importance-sampling weights, 1 at the end of the budget."""
        start = self._config.memory.importance_sampling_exponent
        return linear(start, 1, self._config.steps, self._progress.env_steps)

    @property
    def learning_rate(self) -> float | None:
        """Learning rate; None if it is constant."""
        rates = self._config.learning
        if rates.learning_rate_end is None:
            return None
        return linear(
            rates.learning_rate, rates.learning_rate_end, self._config.steps, self._progress.env_steps
        )

    @property
    def updates_due(self) -> int:
        """Gradient steps that should have been taken by now."""
        passed = max(self.ticks - self._first, 0)
        if self._spread:
            return passed * self._gradient_steps // self._every
        return passed // self._every * self._gradient_steps

    @property
    def copies_due(self) -> int:
        """Copies to the target network that should have been made by now."""
        period = self._config.target.update_period
        return self.ticks // period if period else 0

    @property
    def by_episodes(self) -> bool:
        """Whether the budget is counted in episodes."""
        return self._config.schedule.clock == "episodes" and self._config.schedule.episodes is not None

    @property
    def spent(self) -> int:
        """Agent steps or episodes of the budget that are spent."""
        return self._progress.episodes if self.by_episodes else self._progress.env_steps

    @property
    def budget(self) -> int:
        """Agent steps or episodes that a run may take."""
        episodes = self._config.schedule.episodes
        return episodes if self.by_episodes and episodes is not None else self._config.steps

    @property
    def out_of_budget(self) -> bool:
        """Whether the agent steps or the episodes are spent."""
        episodes = self._config.schedule.episodes
        out_of_episodes = episodes is not None and self._progress.episodes >= episodes
        return self._progress.env_steps >= self._config.steps or out_of_episodes
