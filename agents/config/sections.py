"""The sections of a run's configuration: learning, memory, schedule, evaluation."""

from dataclasses import dataclass
from typing import Literal

from envs.config import ConfigError, require_at_least


def require(condition: bool, sentence: str) -> None:
    """Raises a `ConfigError` unless the condition holds."""
    if not condition:
        raise ConfigError(sentence)


@dataclass(frozen=True, kw_only=True)
class LearningConfig:
    """The update."""

    gamma: float = 0.99
    """Discount a step."""

    n_step: int = 1
    """Steps from an observation to the one it bootstraps from."""

    value: Literal["expected", "categorical", "quantile", "implicit"] = "expected"
    """What is learned of an action: its value, or its returns' distribution as probabilities of fixed
    returns (C51), as quantiles (QR-DQN), or as quantiles at random levels (IQN)."""

    atoms: int = 51
    """Categorical: returns that have a probability."""

    value_range: tuple[float, float] = (-100.0, 100.0)
    """Categorical: least and greatest return, discounted."""

    quantiles: int = 200
    """Quantile and implicit: quantiles of a prediction and of its target."""

    bootstrap: Literal["greedy", "munchausen"] = "greedy"
    """How the next state is backed up: by its best action, or softly with a bonus for likely ones."""

    munchausen_alpha: float = 0.9
    """Munchausen: share of the bonus."""

    munchausen_tau: float = 0.03
    """Munchausen: temperature of the softmax policy, in units of value."""

    munchausen_least: float = -1.0
    """Munchausen: where the bonus is clipped from below, before its share is taken."""

    double: bool = False
    """Whether the online network chooses the next action (Double DQN)."""

    shift: int = 0
    """Pixels by which learned pictures are shifted at random, up and down, left and right, at the most."""

    loss: Literal["huber", "squared"] = "huber"
    """Expected: loss of a temporal-difference error."""

    huber_delta: float = 1.0
    """Error up to which the Huber loss is quadratic. Among values near 100 a delta of 1 is almost the
    absolute error, which fits the median: the rare states before a fall stay overvalued."""

    optimizer: Literal["adam", "adamw", "radam", "rmsprop"] = "adam"
    """Gradient descent method; rmsprop: centered, with the constants of Mnih et al. 2015, whose epsilon of
    .01 on gradients summed over the batch is .01 / batch_size² on their mean."""

    adam_epsilon: float = 1e-8
    """Added to the denominator of adam, adamw and radam."""

    learning_rate: float = 1e-3
    """Step size of the optimiser at the start."""

    learning_rate_end: float | None = None
    """Step size at the end of the budget, on a straight line; None keeps it constant."""

    batch_size: int = 32
    """Transitions an update."""

    max_grad_norm: float | None = None
    """Clip the gradient's norm to this; None leaves it."""

    tau: float = 0.01
    """Share of the online network that flows into the target after each update; 0: copied instead."""

    average: float = 0.0
    """Share of the online network that flows, after each update, into the averaged network that is
    evaluated and kept; 0: the online network itself is."""

    def __post_init__(self) -> None:
        require(0 <= self.gamma <= 1, f"--learning.gamma is {self.gamma}; give 0 to 1.")
        require(self.n_step >= 1, f"--learning.n-step is {self.n_step}; give 1 or more.")
        require(self.batch_size >= 1, f"--learning.batch-size is {self.batch_size}; give 1 or more.")
        for name in ("huber_delta", "learning_rate", "adam_epsilon", "munchausen_tau"):
            require(getattr(self, name) > 0, f"--learning.{name.replace('_', '-')} must be above 0.")
        for name in ("learning_rate_end", "max_grad_norm"):
            value = getattr(self, name)
            require(
                value is None or value > 0,
                f"--learning.{name.replace('_', '-')} is {value}; give a number above 0, or None.",
            )
        require_at_least(2, "learning", self, "atoms")
        require_at_least(1, "learning", self, "quantiles")
        require_at_least(0, "learning", self, "shift")
        low, high = self.value_range
        require(
            low < high,
            f"--learning.value-range is {low:g} {high:g}; give the least return, then the greatest.",
        )
        require(
            0 <= self.munchausen_alpha <= 1,
            f"--learning.munchausen-alpha is {self.munchausen_alpha}; give 0 to 1.",
        )
        require(
            self.munchausen_least <= 0,
            f"--learning.munchausen-least is {self.munchausen_least}; give 0 or less.",
        )
        require(
            not (self.double and self.bootstrap == "munchausen"),
            "--learning.double chooses one next action and --learning.bootstrap munchausen weighs all of "
            "them; leave one of the two out.",
        )
        require(
            self.loss == "huber" or self.value == "expected",
            f"--learning.loss {self.loss} is not for --learning.value {self.value}; leave one of them out.",
        )
        require(0 <= self.tau <= 1, f"--learning.tau is {self.tau}; give 0 to 1.")
        require(0 <= self.average <= 1, f"--learning.average is {self.average}; give 0 to 1.")


@dataclass(frozen=True, kw_only=True)
class MemoryConfig:
    """What is remembered, and which of it is learned from."""

    kind: Literal["replay", "rollout"] = "replay"
    """replay: old steps, again and again; rollout: the newest window only, as lambda-returns (PQN)."""

    capacity: int | None = 50_000
    """Frames kept, over all environments; an episode of L steps takes L + 1. None: what fits in RAM, up to
    a million."""

    clip_reward: bool = False
    """Whether rewards are clipped to [-1, 1] where they are remembered; scores stay raw."""

    priority: float = 0.0
    """Replay: exponent of the priorities that rows are drawn by (alpha); 0: all alike."""

    beta: float = 0.4
    """Replay: how far weights make up for the priorities at the start; rises to 1 over the budget."""

    window: int = 32
    """Rollout: steps of each environment."""

    trace: float = 0.65
    """Rollout: lambda, how far returns look beyond the next step."""

    epochs: int = 2
    """Rollout: times that each step is learned from."""

    def __post_init__(self) -> None:
        require(
            self.capacity is None or self.capacity >= 1,
            f"--memory.capacity is {self.capacity}; give 1 or more.",
        )
        require_at_least(1, "memory", self, "window", "epochs")
        for name in ("priority", "beta", "trace"):
            share = getattr(self, name)
            require(0 <= share <= 1, f"--memory.{name} is {share}; give 0 to 1.")
        require(
            self.kind == "replay" or not self.priority,
            "--memory.priority is for a replay memory: a rollout learns from every step; leave it out.",
        )


@dataclass(frozen=True, kw_only=True)
class ScheduleConfig:
    """When things happen, counted by one clock: agent steps, or (in the chapter) episodes."""

    clock: Literal["steps", "episodes"] = "steps"
    """What the other numbers of this section count."""

    episodes: int | None = None
    """Episodes after which the run ends; None: only --steps ends it."""

    epsilon_start: float = 1.0
    """Probability of a random action at the start."""

    epsilon_end: float = 0.02
    """Probability of a random action at the end."""

    epsilon_duration: int = 5_000
    """Clock ticks from start to end, on a straight line."""

    learn_start: int = 1_000
    """Clock ticks before the first update."""

    learn_every: int = 1
    """Clock ticks between updates."""

    updates: int = 1
    """Updates each time."""

    target_every: int = 0
    """Clock ticks between copies of the online network into the target; 0: see --learning.tau."""

    def __post_init__(self) -> None:
        for name in ("epsilon_start", "epsilon_end"):
            value = getattr(self, name)
            option = name.replace("_", "-")
            require(0 <= value <= 1, f"--schedule.{option} is {value}; give 0 to 1.")
        require_at_least(0, "schedule", self, "epsilon_duration", "learn_start", "target_every")
        require_at_least(1, "schedule", self, "learn_every", "updates")
        if self.episodes is not None:
            require(self.episodes >= 1, f"--schedule.episodes is {self.episodes}; give 1 or more.")


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """Greedy play on environments and seeds of its own."""

    every: int = 1_000
    """Agent steps between evaluations."""

    episodes: int = 20
    """Episodes of a periodic evaluation."""

    solved_episodes: int = 100
    """Episodes, on other seeds, that decide whether the environment is solved."""

    num_envs: int = 100
    """Environments stepped together in an evaluation, at the most."""

    epsilon: float = 0.0
    """Probability of a random action."""

    max_steps: int = 1_000
    """Agent steps after which an episode is cut off, as a truncation, where the environment has no time
    limit of its own."""

    film_frames: int = 200
    """Frames of the first game of an evaluation that TensorBoard gets as a film, at the most; 0: none."""

    probe_samples: int = 1_536
    """Observations from which it is measured, at each evaluation, how much of the simulator's true state
    the convolutions tell (probe/r2 in TensorBoard); pixels only; 0: none."""

    def __post_init__(self) -> None:
        require_at_least(
            1, "evaluation", self, "every", "episodes", "solved_episodes", "num_envs", "max_steps"
        )
        require_at_least(0, "evaluation", self, "film_frames", "probe_samples")
        require(
            self.probe_samples == 0 or self.probe_samples >= 72,
            f"--evaluation.probe-samples is {self.probe_samples}; give 72 or more, or 0 for none.",
        )
        require(0 <= self.epsilon <= 1, f"--evaluation.epsilon is {self.epsilon}; give 0 to 1.")
