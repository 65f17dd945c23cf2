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

    value: Literal["scalar", "categorical", "quantile", "iqn"] = "scalar"
    """Prediction for each action: its value, or its return distribution as probabilities of fixed returns
    (categorical, C51), as quantiles (QR-DQN), or as quantiles at random levels (IQN)."""

    num_atoms: int = 51
    """Categorical: atoms of the support."""

    v_min: float = -100.0
    """Categorical: smallest discounted return of the support."""

    v_max: float = 100.0
    """Categorical: largest discounted return of the support."""

    num_quantiles: int = 200
    """Quantile and iqn: quantiles of a prediction and of its target."""

    backup: Literal["greedy", "munchausen"] = "greedy"
    """Backup of the next state: its best action, or a softmax over all with a log-policy bonus."""

    munchausen_alpha: float = 0.9
    """Munchausen: share of the bonus."""

    munchausen_tau: float = 0.03
    """Munchausen: temperature of the softmax policy, in units of value."""

    munchausen_clip: float = -1.0
    """Munchausen: lower bound of the log-policy bonus, before its share is taken."""

    double: bool = False
    """Whether the online network chooses the next action (Double DQN)."""

    shift: int = 0
    """Pixels by which learned images are shifted at random, up and down, left and right, at the most."""

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

    ema_rate: float = 0.0
    """Share of the online network that enters, after each update, the averaged network (EMA) that is
    evaluated and saved; 0: the online network itself is."""

    def __post_init__(self) -> None:
        require(self.batch_size >= 1, f"--learning.batch-size is {self.batch_size}; give 1 or more.")
        for name in ("huber_delta", "learning_rate", "adam_epsilon", "munchausen_tau"):
            require(getattr(self, name) > 0, f"--learning.{name.replace('_', '-')} must be above 0.")
        for name in ("learning_rate_end", "max_grad_norm"):
            value = getattr(self, name)
            require(
                value is None or value > 0,
                f"--learning.{name.replace('_', '-')} is {value}; give a number above 0, or None.",
            )
        require_at_least(2, "learning", self, "num_atoms")
        require_at_least(1, "learning", self, "num_quantiles")
        require_at_least(0, "learning", self, "shift")
        require(
            self.v_min < self.v_max,
            f"--learning.v-min is {self.v_min:g} and --learning.v-max {self.v_max:g}; give a larger v-max.",
        )
        require(
            0 <= self.munchausen_alpha <= 1,
            f"--learning.munchausen-alpha is {self.munchausen_alpha}; give 0 to 1.",
        )
        require(
            self.munchausen_clip <= 0,
            f"--learning.munchausen-clip is {self.munchausen_clip}; give 0 or less.",
        )
        require(
            not (self.double and self.backup == "munchausen"),
            "--learning.double chooses one next action and --learning.backup munchausen weighs all of "
            "them; leave one of the two out.",
        )
        require(
            self.loss == "huber" or self.value == "scalar",
            f"--learning.loss {self.loss} is not for --learning.value {self.value}; leave one of them out.",
        )
        require(0 <= self.ema_rate <= 1, f"--learning.ema-rate is {self.ema_rate}; give 0 to 1.")


@dataclass(frozen=True, kw_only=True)
class ReturnsConfig:
    """Returns that a transition is learned from."""

    gamma: float = 0.99
    """Discount factor per agent step."""

    n_step: int = 1
    """Replay: steps from an observation to the one it bootstraps from."""

    td_lambda: float = 0.65
    """Rollout: lambda of the λ-returns."""

    clip_reward: bool = False
    """Clip the rewards that are learned from to [-1, 1]; scores stay raw."""

    def __post_init__(self) -> None:
        require(0 <= self.gamma <= 1, f"--returns.gamma is {self.gamma}; give 0 to 1.")
        require(0 <= self.td_lambda <= 1, f"--returns.td-lambda is {self.td_lambda}; give 0 to 1.")
        require_at_least(1, "returns", self, "n_step")


@dataclass(frozen=True, kw_only=True)
class TargetConfig:
    """Target network: averaged after every update (tau), or copied periodically (update_period)."""

    tau: float = 0.01
    """Share of the online network that enters the target network after each update; 0: periodic copies."""

    update_period: int = 0
    """Clock ticks between copies of the online network to the target network; 0: averaged by tau."""

    def __post_init__(self) -> None:
        require(0 <= self.tau <= 1, f"--target.tau is {self.tau}; give 0 to 1.")
        require_at_least(0, "target", self, "update_period")


@dataclass(frozen=True, kw_only=True)
class ExplorationConfig:
    """ε-greedy exploration, with ε on a straight line."""

    epsilon_start: float = 1.0
    """Probability of a random action at the start."""

    epsilon_end: float = 0.02
    """Probability of a random action at the end."""

    epsilon_decay_steps: int = 5_000
    """Clock ticks from start to end."""

    def __post_init__(self) -> None:
        for name in ("epsilon_start", "epsilon_end"):
            value, option = getattr(self, name), name.replace("_", "-")
            require(0 <= value <= 1, f"--exploration.{option} is {value}; give 0 to 1.")
        require_at_least(0, "exploration", self, "epsilon_decay_steps")


@dataclass(frozen=True, kw_only=True)
class MemoryConfig:
    """What is remembered, and which of it is learned from."""

    kind: Literal["replay", "rollout"] = "replay"
    """replay: old steps, again and again; rollout: the newest window only, as lambda-returns (PQN)."""

    capacity: int | None = 50_000
    """Frames kept, over all environments; an episode of L steps takes L + 1. None: what fits in RAM, up to
    a million."""

    priority_exponent: float = 0.0
    """Replay: exponent of the priorities (alpha); 0: uniform sampling."""

    importance_sampling_exponent: float = 0.4
    """Replay: initial exponent of the importance-sampling weights (beta); 1 at the end of the budget."""

    num_steps: int = 32
    """Rollout: steps per environment."""

    update_epochs: int = 2
    """Rollout: passes over the steps."""

    def __post_init__(self) -> None:
        require(
            self.capacity is None or self.capacity >= 1,
            f"--memory.capacity is {self.capacity}; give 1 or more.",
        )
        require_at_least(1, "memory", self, "num_steps", "update_epochs")
        for name in ("priority_exponent", "importance_sampling_exponent"):
            share, option = getattr(self, name), name.replace("_", "-")
            require(0 <= share <= 1, f"--memory.{option} is {share}; give 0 to 1.")
        require(
            self.kind == "replay" or not self.priority_exponent,
            "--memory.priority-exponent is for a replay memory; leave it out with --memory.kind rollout.",
        )


@dataclass(frozen=True, kw_only=True)
class ScheduleConfig:
    """When things happen, counted by one clock: agent steps, or (in the chapter) episodes."""

    clock: Literal["steps", "episodes"] = "steps"
    """What the other numbers of this section count."""

    episodes: int | None = None
    """Episodes after which the run ends; None: only --steps ends it."""

    learning_starts: int = 1_000
    """Clock ticks before the first update."""

    train_frequency: int = 1
    """Clock ticks between updates."""

    gradient_steps: int = 1
    """Gradient steps of each update."""

    def __post_init__(self) -> None:
        require_at_least(0, "schedule", self, "learning_starts")
        require_at_least(1, "schedule", self, "train_frequency", "gradient_steps")
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

    video_frames: int = 200
    """Frames of the first game of an evaluation that TensorBoard gets as a video, at the most; 0: none."""

    probe_samples: int = 1_536
    """Observations from which it is measured, at each evaluation, how much of the simulator's true state
    the convolutions tell (probe/r2 in TensorBoard); pixels only; 0: none."""

    def __post_init__(self) -> None:
        require_at_least(
            1, "evaluation", self, "every", "episodes", "solved_episodes", "num_envs", "max_steps"
        )
        require_at_least(0, "evaluation", self, "video_frames", "probe_samples")
        require(
            self.probe_samples == 0 or self.probe_samples >= 72,
            f"--evaluation.probe-samples is {self.probe_samples}; give 72 or more, or 0 for none.",
        )
        require(0 <= self.epsilon <= 1, f"--evaluation.epsilon is {self.epsilon}; give 0 to 1.")
