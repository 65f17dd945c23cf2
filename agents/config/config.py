"""The whole configuration of a run, as frozen data; units stand under each field."""

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from agents.config.aliases import updated
from agents.config.bounds import check_bounds
from agents.config.kinds import fits
from agents.config.sections import (
    EvaluationConfig,
    ExplorationConfig,
    LearningConfig,
    MemoryConfig,
    ReturnsConfig,
    ScheduleConfig,
    TargetConfig,
    require,
)
from envs.config import ConfigError, EnvConfig
from envs.protocols import allowed_steps, protocol_fields
from models.config import NetworkConfig

__all__ = [
    "Config",
    "ConfigError",
    "EnvConfig",
    "EvaluationConfig",
    "ExplorationConfig",
    "LearningConfig",
    "MemoryConfig",
    "NetworkConfig",
    "ReturnsConfig",
    "ScheduleConfig",
    "TargetConfig",
    "flatten",
    "from_dict",
    "to_dict",
]


@dataclass(frozen=True, kw_only=True)
class Config:
    """One run, whole."""

    preset: str = "fast"
    """Name of the preset that the other fields started from."""

    seed: int = 1
    """Decides every random number of the run."""

    steps: int = 100_000
    """Agent steps after which the run ends."""

    reward_threshold: float | Literal["auto", "none"] = "auto"
    """Mean return of 100 greedy episodes that ends the run; auto: the environment's reward threshold."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the networks live; auto: a CUDA device if there is one."""

    threads: int = 0
    """Threads torch computes with; 0: one for state vectors, OMP_NUM_THREADS or all for images."""

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

    returns: ReturnsConfig = field(default_factory=ReturnsConfig)
    """The returns."""

    target: TargetConfig = field(default_factory=TargetConfig)
    """The target network."""

    exploration: ExplorationConfig = field(default_factory=ExplorationConfig)
    """Exploration."""

    memory: MemoryConfig = field(default_factory=MemoryConfig)
    """The memory."""

    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    """When updates happen, and when a run ends."""

    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    """Greedy play."""

    def __post_init__(self) -> None:
        check_bounds(flatten(to_dict(self)))
        require(
            self.learning.shift == 0 or self.env.obs == "pixels",
            "--learning.shift moves images; leave it out with --obs state.",
        )
        self._fit_network()
        self._fit_replay() if self.memory.kind == "replay" else self._fit_rollout()
        self._keep_to_protocol()

    @property
    def update_clock(self) -> tuple[int, int, int]:
        """Clock ticks before the first update, ticks between updates, and updates each time."""
        if self.memory.kind == "replay":
            return (
                self.schedule.learning_starts,
                self.schedule.train_frequency,
                self.schedule.gradient_steps,
            )
        steps = self.env.num_envs * self.memory.num_steps
        return 0, steps, self.memory.update_epochs * steps // self.learning.batch_size

    def _fit_network(self) -> None:
        network, batch = self.network, self.learning.batch_size
        require(
            network.norm != "batch" or batch >= 2,
            f"--network.norm batch needs several rows to normalise by, not --learning.batch-size {batch}; "
            "give 2 or more.",
        )

    def _fit_replay(self) -> None:
        capacity, batch = self.memory.capacity, self.learning.batch_size
        require(
            capacity is None or capacity >= batch,
            f"--memory.capacity {capacity} is smaller than --learning.batch-size {batch}; "
            f"make it at least {batch}.",
        )
        schedule, num_envs, n_step = self.schedule, self.env.num_envs, self.returns.n_step
        rounds = -(-(schedule.learning_starts + schedule.train_frequency) // num_envs)
        require(
            schedule.clock != "steps" or rounds >= n_step,
            f"The first update comes after {rounds} steps of each of {num_envs} environments, before there "
            f"is a return over {n_step}; give --schedule.learning-starts {n_step * num_envs} or more.",
        )
        copied, blended = self.target.update_period > 0, self.target.tau > 0
        require(
            copied != blended,
            "The target network must be either copied or blended; set one of "
            "--target.update-period and --target.tau above 0, and the other to 0.",
        )

    def _fit_rollout(self) -> None:
        learning = self.learning
        idle = {
            "--returns.n-step": self.returns.n_step != 1,
            "--learning.double": learning.double,
            "--learning.backup": learning.backup != "greedy",
            "--target.tau": self.target.tau > 0,
            "--target.update-period": self.target.update_period > 0,
        }
        odd = [name for name, given in idle.items() if given]
        require(
            not odd,
            f"--memory.kind rollout learns from lambda-returns without a target network, where "
            f"{', '.join(odd)} would do nothing; leave that out, or set tau and target-every to 0.",
        )
        require(
            self.schedule.clock == "steps",
            "--memory.kind rollout goes by steps; leave --schedule.clock out.",
        )
        steps = self.env.num_envs * self.memory.num_steps
        require(
            self.memory.update_epochs * steps >= learning.batch_size,
            f"A window of {steps} steps is smaller than --learning.batch-size {learning.batch_size}; "
            "raise --memory.num-steps or --env.num-envs.",
        )

    def _keep_to_protocol(self) -> None:
        name = self.env.protocol
        for field_name, value in protocol_fields(name).items():
            section, _, key = field_name.partition(".")
            given, option = getattr(getattr(self, section), key), field_name.replace("_", "-")
            require(
                given == value,
                f"--env.protocol {name} means --{option} {value}, not {given}; leave one of them out, "
                "or use --env.protocol none.",
            )
        allowed = allowed_steps(name)
        require(
            allowed is None or self.steps <= allowed,
            f"--env.protocol {name} allows {allowed} steps, not {self.steps}; give --steps {allowed}.",
        )


def to_dict(config: Config) -> dict[str, Any]:
    """Returns the configuration as plain dictionaries, ready for JSON."""
    return dataclasses.asdict(config)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns nested fields under dotted names, as in `returns.n_step`."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= flatten(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return flat


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Returns fields under dotted names as nested dictionaries: `flatten` undone."""
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *sections, last = name.split(".")
        place = tree
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    return tree


def from_dict(values: Mapping[str, Any]) -> Config:
    """Builds the configuration that `to_dict` (through JSON) describes.

    Old names are read as the present ones (`aliases.py`). A field that is missing, as in the run of an
    older version, takes its default.

    Raises:
        ConfigError: a field is unknown, as in the run of a newer version, or its value of a wrong kind.
    """
    config: Config = _build(nested(updated(flatten(values))), Config)
    return config


def _build(values: Mapping[str, Any], cls: type[Any]) -> Any:
    hints, made, odd = typing.get_type_hints(cls), {}, []
    for name, value in values.items():
        hint = hints.get(name)
        if dataclasses.is_dataclass(hint) and isinstance(value, dict):
            made[name] = _build(value, hint)  # type: ignore[arg-type]
        elif hint is None:
            odd.append(name)
        elif dataclasses.is_dataclass(hint) or not fits(hint, value):
            raise ConfigError(f"The saved configuration is damaged ({name} is {value!r:.40}); restore it.")
        else:
            made[name] = tuple(value) if isinstance(value, list) else value
    if odd:
        raise ConfigError(
            f"The saved configuration does not fit this version (fields: {', '.join(sorted(odd))}); check "
            "out the commit named in the run's config.json."
        )
    return cls(**made)
