"""Sections of a run's configuration, from the update to the evaluation; `Config` checks their bounds."""

from dataclasses import dataclass
from typing import Literal

from envs.config import count, number


@dataclass(frozen=True, kw_only=True)
class LearningConfig:
    """The update of the Q-network."""

    value: Literal["scalar", "categorical", "quantile", "iqn"] = "scalar"
    """Prediction for each action: its value, or its return distribution as probabilities of fixed returns
    (categorical, C51), as quantiles (QR-DQN), or as quantiles at random levels (IQN)."""

    num_atoms: int = count(51, 2, 100_000)
    """Categorical: number of atoms of the support."""

    v_min: float = number(-100.0)
    """Categorical: smallest discounted return of the support."""

    v_max: float = number(100.0)
    """Categorical: largest discounted return of the support."""

    num_quantiles: int = count(200, 1, 10_000)
    """Quantile and iqn: number of quantiles of a prediction and of its target."""

    backup: Literal["greedy", "munchausen"] = "greedy"
    """Backup of the next state: its best action, or a softmax over all with a log-policy bonus."""

    munchausen_alpha: float = number(0.9, 0, 1)
    """Munchausen: weight of the log-policy bonus."""

    munchausen_tau: float = number(0.03, 0, above=True)
    """Munchausen: temperature of the softmax policy, in units of value."""

    munchausen_clip: float = number(-1.0, most=0)
    """Munchausen: lower bound of the log-policy bonus, before its weight."""

    double: bool = False
    """Double DQN: the online network chooses the next action, the target network evaluates it."""

    shift: int = count(0, 0, 4_096)
    """Pixels by which sampled images are randomly shifted, vertically and horizontally, at most."""

    loss: Literal["huber", "squared"] = "huber"
    """Scalar: loss of a temporal-difference error."""

    huber_delta: float = number(1.0, 0, above=True)
    """Error up to which the Huber loss is quadratic. For values near 100 a delta of 1 is almost the
    absolute error, which fits the median: the rare states before a fall stay overvalued."""

    optimizer: Literal["adam", "adamw", "radam", "rmsprop"] = "adam"
    """Optimiser; rmsprop: centered, with the constants of Mnih et al. 2015, whose epsilon of .01 on
    gradients summed over the batch is .01 / batch_size² on their mean."""

    adam_epsilon: float = number(1e-8, 0, above=True)
    """Term added to the denominator of adam, adamw and radam."""

    learning_rate: float = number(1e-3, 0, above=True)
    """Initial learning rate."""

    learning_rate_end: float | None = number(None, 0, above=True)
    """Learning rate at the end of the budget, reached linearly; None: constant."""

    batch_size: int = count(32, 1, 1_000_000)
    """Transitions per gradient step."""

    max_grad_norm: float | None = number(None, 0, above=True)
    """Largest norm of the gradient, which is clipped to it; None: no clipping."""

    ema_rate: float = number(0.0, 0, 1)
    """Weight of the online network in each update of its moving average (EMA), which is then the network
    that is evaluated and saved; 0: no average, the online network is evaluated."""


@dataclass(frozen=True, kw_only=True)
class ReturnsConfig:
    """The returns that transitions are trained on."""

    gamma: float = number(0.99, 0, 1)
    """Discount factor per agent step."""

    n_step: int = count(1, 1, 10_000)
    """Replay: number of rewards summed before bootstrapping."""

    td_lambda: float = number(0.65, 0, 1)
    """Rollout: lambda of the λ-returns."""

    clip_reward: bool = False
    """Clip training rewards to [-1, 1]; scores use raw rewards."""


@dataclass(frozen=True, kw_only=True)
class TargetConfig:
    """The target network: averaged after every update (tau), or copied periodically (update_period)."""

    tau: float = number(0.01, 0, 1)
    """Weight of the online network in the target's average after each update; 0: periodic copies."""

    update_period: int = count(0)
    """Clock ticks between copies of the online network to the target network; 0: averaged by tau."""


@dataclass(frozen=True, kw_only=True)
class ExplorationConfig:
    """ε-greedy exploration with linearly decaying ε."""

    epsilon_start: float = number(1.0, 0, 1)
    """Initial probability of a random action."""

    epsilon_end: float = number(0.02, 0, 1)
    """Final probability of a random action."""

    epsilon_decay_steps: int = count(5_000)
    """Clock ticks from the initial to the final probability."""


@dataclass(frozen=True, kw_only=True)
class MemoryConfig:
    """The memory of transitions and its sampling."""

    kind: Literal["replay", "rollout"] = "replay"
    """replay: a buffer of past transitions; rollout: only the most recent steps, with λ-returns (PQN)."""

    capacity: int | None = count(50_000, 1)
    """Frames stored, over all environments; an episode of L steps takes L + 1. None: as many as fit in RAM,
    up to a million."""

    priority_exponent: float = number(0.0, 0, 1)
    """Replay: exponent of the priorities (alpha); 0: uniform sampling."""

    importance_sampling_exponent: float = number(0.4, 0, 1)
    """Replay: initial exponent of the importance-sampling weights (beta); 1 at the end of the budget."""

    num_steps: int = count(32, 1, 1_000_000)
    """Rollout: steps per environment."""

    update_epochs: int = count(2, 1, 10_000)
    """Rollout: passes over each rollout."""


@dataclass(frozen=True, kw_only=True)
class ScheduleConfig:
    """The schedule of updates, in agent steps or episodes."""

    clock: Literal["steps", "episodes"] = "steps"
    """Unit of the other numbers of this section."""

    episodes: int | None = count(None, 1)
    """Episodes after which the run ends; None: only --steps ends it."""

    learning_starts: int = count(1_000)
    """Clock ticks before the first update."""

    train_frequency: int = count(1, 1)
    """Clock ticks between updates."""

    gradient_steps: int = count(1, 1, 1_000_000)
    """Gradient steps per update."""

    overlap: bool = False
    """Take gradient steps while the environments step, from what was there before; those of a rollout are
    spread over the next one, those due after the last step left out."""


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """Greedy episodes in separate environments with their own seeds."""

    every: int = count(1_000, 1)
    """Agent steps between evaluations."""

    episodes: int = count(20, 1)
    """Episodes per evaluation."""

    solved_episodes: int = count(100, 1)
    """Episodes, on other seeds, that confirm a solved environment."""

    num_envs: int = count(100, 1, 10_000)
    """Environments stepped in parallel during an evaluation, at most."""

    epsilon: float = number(0.0, 0, 1)
    """Probability of a random action."""

    max_steps: int = count(1_000, 1)
    """Agent steps after which an episode is truncated, if the environment has no time limit."""

    video_frames: int = count(200, 0, 100_000)
    """Frames of an evaluation's first episode that TensorBoard shows as a video, at most; 0: no video."""

    probe_samples: int = count(1_536, 0, 1_000_000)
    """Observations for a linear probe at each evaluation: how well the convolutional features predict the
    simulator's state (probe/r2 in TensorBoard); pixels only; 0: no probe."""
