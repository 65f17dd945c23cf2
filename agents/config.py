"""The whole configuration of a run, as frozen data; units stand under each field."""

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from envs.config import ConfigError, EnvConfig, require_at_least
from envs.protocols import allowed_steps, protocol_fields
from models.config import NetworkConfig

__all__ = [
    "Config",
    "ConfigError",
    "EnvConfig",
    "EvaluationConfig",
    "LearningConfig",
    "MemoryConfig",
    "NetworkConfig",
    "ScheduleConfig",
    "flatten",
    "from_dict",
    "to_dict",
]


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise ConfigError(sentence)


@dataclass(frozen=True, kw_only=True)
class LearningConfig:
    """The update."""

    gamma: float = 0.99
    """Discount a step."""

    n_step: int = 1
    """Steps from an observation to the one it bootstraps from."""

    double: bool = False
    """Whether the online network chooses the next action (Double DQN)."""

    loss: Literal["huber", "squared"] = "huber"
    """Loss of a temporal-difference error."""

    huber_delta: float = 1.0
    """Error up to which the Huber loss is quadratic. Among values near 100 a delta of 1 is almost the
    absolute error, which fits the median: the rare states before a fall stay overvalued."""

    optimizer: Literal["adam", "radam", "rmsprop"] = "adam"
    """Gradient descent method; rmsprop: centered, with the constants of Mnih et al. 2015."""

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
        _require(0 <= self.gamma <= 1, f"--learning.gamma is {self.gamma}; give 0 to 1.")
        _require(self.n_step >= 1, f"--learning.n-step is {self.n_step}; give 1 or more.")
        _require(self.batch_size >= 1, f"--learning.batch-size is {self.batch_size}; give 1 or more.")
        _require(self.huber_delta > 0, "--learning.huber-delta must be above 0.")
        _require(self.learning_rate > 0, "--learning.learning-rate must be above 0.")
        _require(0 <= self.tau <= 1, f"--learning.tau is {self.tau}; give 0 to 1.")
        _require(0 <= self.average <= 1, f"--learning.average is {self.average}; give 0 to 1.")


@dataclass(frozen=True, kw_only=True)
class MemoryConfig:
    """The replay memory."""

    capacity: int | None = 50_000
    """Frames kept, over all environments; an episode of L steps takes L + 1. None: what fits in RAM, up to
    a million."""

    clip_reward: bool = False
    """Whether rewards are clipped to [-1, 1] where they are remembered; scores stay raw."""

    def __post_init__(self) -> None:
        _require(
            self.capacity is None or self.capacity >= 1,
            f"--memory.capacity is {self.capacity}; give 1 or more.",
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
            _require(0 <= value <= 1, f"--schedule.{option} is {value}; give 0 to 1.")
        require_at_least(0, "schedule", self, "epsilon_duration", "learn_start", "target_every")
        require_at_least(1, "schedule", self, "learn_every", "updates")
        if self.episodes is not None:
            _require(self.episodes >= 1, f"--schedule.episodes is {self.episodes}; give 1 or more.")


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """Greedy play on environments and seeds of its own."""

    every: int = 1_000
    """Agent steps between evaluations."""

    episodes: int = 20
    """Episodes of a periodic evaluation."""

    solved_episodes: int = 100
    """Episodes, on other seeds, that decide whether the environment is solved."""

    num_envs: int = 20
    """Environments stepped together in an evaluation, at the most."""

    epsilon: float = 0.0
    """Probability of a random action."""

    film_frames: int = 200
    """Frames of the first game of an evaluation that TensorBoard gets as a film, at the most; 0: none."""

    probe_samples: int = 1_536
    """Observations from which it is measured, at each evaluation, how much of the simulator's true state
    the convolutions tell (probe/r2 in TensorBoard); pixels only; 0: none."""

    def __post_init__(self) -> None:
        require_at_least(1, "evaluation", self, "every", "episodes", "solved_episodes", "num_envs")
        require_at_least(0, "evaluation", self, "film_frames", "probe_samples")
        _require(
            self.probe_samples == 0 or self.probe_samples >= 72,
            f"--evaluation.probe-samples is {self.probe_samples}; give 72 or more, or 0 for none.",
        )
        _require(0 <= self.epsilon <= 1, f"--evaluation.epsilon is {self.epsilon}; give 0 to 1.")


@dataclass(frozen=True, kw_only=True)
class Config:
    """One run, whole."""

    preset: str = "dqn"
    """Name of the preset that the other fields started from."""

    seed: int = 1
    """Decides every random number of the run."""

    steps: int = 100_000
    """Agent steps after which the run ends."""

    stop_score: float | Literal["auto", "none"] = "auto"
    """Mean return of 100 greedy episodes that ends the run; auto: the environment's solved mark."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the networks live; auto: a CUDA device if there is one."""

    threads: int = 0
    """Threads torch computes with; 0: one for state vectors, OMP_NUM_THREADS or all for pictures."""

    log_every: int = 500
    """Agent steps between log entries."""

    checkpoint_seconds: float = 60.0
    """Seconds between checkpoints."""

    env: EnvConfig = field(default_factory=EnvConfig)
    """The environment."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    """The Q-network."""

    learning: LearningConfig = field(default_factory=LearningConfig)
    """The update."""

    memory: MemoryConfig = field(default_factory=MemoryConfig)
    """The replay memory."""

    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    """When things happen."""

    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    """Greedy play."""

    def __post_init__(self) -> None:
        _require(self.seed >= 0, f"--seed is {self.seed}; give 0 or more.")
        _require(self.steps >= 1, f"--steps is {self.steps}; give 1 or more.")
        _require(self.log_every >= 1, f"--log-every is {self.log_every}; give 1 or more.")
        _require(self.threads >= 0, f"--threads is {self.threads}; give 0 or more.")
        capacity, batch = self.memory.capacity, self.learning.batch_size
        _require(
            capacity is None or capacity >= batch,
            f"--memory.capacity {capacity} is smaller than --learning.batch-size {batch}; "
            f"make it at least {batch}.",
        )
        copied, blended = self.schedule.target_every > 0, self.learning.tau > 0
        _require(
            copied != blended,
            "The target network must be either copied or blended; set one of "
            "--schedule.target-every and --learning.tau above 0, and the other to 0.",
        )
        self._keep_to_protocol()

    def _keep_to_protocol(self) -> None:
        name = self.env.protocol
        for field_name, value in protocol_fields(name).items():
            section, _, key = field_name.partition(".")
            given, option = getattr(getattr(self, section), key), field_name.replace("_", "-")
            _require(
                given == value,
                f"--env.protocol {name} means --{option} {value}, not {given}; leave one of them out, "
                "or use --env.protocol none.",
            )
        allowed = allowed_steps(name)
        _require(
            allowed is None or self.steps <= allowed,
            f"--env.protocol {name} allows {allowed} steps, not {self.steps}; give --steps {allowed}.",
        )


def to_dict(config: Config) -> dict[str, Any]:
    """Returns the configuration as plain dictionaries, ready for JSON."""
    return dataclasses.asdict(config)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns nested fields under dotted names, as in `learning.n_step`."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= flatten(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return flat


def from_dict(values: dict[str, Any], cls: type[Any] = Config) -> Any:
    """Builds the configuration that `to_dict` (through JSON) describes.

    A field that is missing, as in the run of an older version, takes its default.

    Raises:
        ConfigError: a field is unknown, as in the run of a newer version.
    """
    hints = typing.get_type_hints(cls)
    made = {}
    for name, value in values.items():
        hint = hints.get(name)
        if dataclasses.is_dataclass(hint) and isinstance(value, dict):
            value = from_dict(value, hint)  # type: ignore[arg-type]
        made[name] = tuple(value) if isinstance(value, list) else value
    unknown = set(made) - {f.name for f in dataclasses.fields(cls)}
    if unknown:
        odd = ", ".join(sorted(unknown))
        raise ConfigError(
            f"The saved configuration does not fit this version (fields: {odd}); check out the "
            "commit named in the run's config.json."
        )
    return cls(**made)
