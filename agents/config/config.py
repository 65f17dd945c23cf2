"""The configuration of a run as frozen data, units under each field."""

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from agents.config.aliases import updated
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
from envs.config import LARGEST_SEED, ConfigError, EnvConfig, check_bounds, count, number
from envs.protocols import allowed_steps, protocol_fields
from models.config import NetworkConfig

Section = TypeVar("Section")


@dataclass(frozen=True, kw_only=True)
class Config:
    """Configuration of one run."""

    preset: str = "fast"
    """Preset that the other options start from."""

    seed: int = count(1, 0, LARGEST_SEED)
    """Seed of every random number generator of the run."""

    steps: int = count(100_000, 1)
    """Agent steps after which the run ends."""

    reward_threshold: float | Literal["auto", "none"] = "auto"
    """Mean return of 100 greedy episodes that ends the run; auto: the environment's own threshold."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device of the networks; auto: a CUDA device if there is one."""

    threads: int = count(0, 0, 1_024)
    """Threads used by torch; 0: one for state vectors, OMP_NUM_THREADS or all for images."""

    log_every: int = count(500, 1)
    """Agent steps between log entries."""

    checkpoint_seconds: float = number(60.0, 0)
    """Seconds between checkpoints."""

    env: EnvConfig = field(default_factory=EnvConfig)
    """Environment."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    """Q-network."""

    learning: LearningConfig = field(default_factory=LearningConfig)
    """Update of the Q-network."""

    returns: ReturnsConfig = field(default_factory=ReturnsConfig)
    """Returns."""

    target: TargetConfig = field(default_factory=TargetConfig)
    """Target network."""

    exploration: ExplorationConfig = field(default_factory=ExplorationConfig)
    """ε-greedy exploration."""

    memory: MemoryConfig = field(default_factory=MemoryConfig)
    """Memory of transitions."""

    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    """Schedule of updates."""

    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    """Evaluation."""

    def __post_init__(self) -> None:
        check_bounds(self)
        check_bounds(self.network, "network")
        require(
            self.learning.shift == 0 or self.env.obs == "pixels",
            "--learning.shift moves images; leave it out with --obs state.",
        )
        self._check_network()
        self._check_replay() if self.memory.kind == "replay" else self._check_rollout()
        self._check_protocol()

    @property
    def update_clock(self) -> tuple[int, int, int]:
        """Ticks before the first update, ticks between updates, gradient steps per update."""
        if self.memory.kind == "replay":
            return (
                self.schedule.learning_starts,
                self.schedule.train_frequency,
                self.schedule.gradient_steps,
            )
        steps = self.env.num_envs * self.memory.num_steps
        return 0, steps, self.memory.update_epochs * steps // self.learning.batch_size

    def _check_network(self) -> None:
        network, batch = self.network, self.learning.batch_size
        require(
            network.norm != "batch" or batch >= 2,
            f"--network.norm batch needs several rows to normalise over, not "
            f"--learning.batch-size {batch}; give 2 or more.",
        )

    def _check_replay(self) -> None:
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

    def _check_rollout(self) -> None:
        learning = self.learning
        options = {
            "--returns.n-step": self.returns.n_step != 1,
            "--learning.double": learning.double,
            "--learning.backup": learning.backup != "greedy",
            "--target.tau": self.target.tau > 0,
            "--target.update-period": self.target.update_period > 0,
        }
        idle = [option for option, is_set in options.items() if is_set]
        require(
            not idle,
            f"--memory.kind rollout trains on lambda-returns without a target network, where "
            f"{', '.join(idle)} would do nothing; leave that out, or set --target.tau and "
            "--target.update-period to 0.",
        )
        require(
            self.schedule.clock == "steps",
            "--memory.kind rollout counts steps; leave --schedule.clock out.",
        )
        steps = self.env.num_envs * self.memory.num_steps
        require(
            self.memory.update_epochs * steps >= learning.batch_size,
            f"A rollout of {steps} steps is smaller than --learning.batch-size {learning.batch_size}; "
            "raise --memory.num-steps or --env.num-envs.",
        )

    def _check_protocol(self) -> None:
        name = self.env.protocol
        for field_name, value in protocol_fields(name).items():
            section, _, key = field_name.partition(".")
            own, option = getattr(getattr(self, section), key), field_name.replace("_", "-")
            require(
                own == value,
                f"--env.protocol {name} means --{option} {value}, not {own}; leave one of them out, "
                "or use --env.protocol none.",
            )
        allowed = allowed_steps(name)
        require(
            allowed is None or self.steps <= allowed,
            f"--env.protocol {name} allows {allowed} steps, not {self.steps}; give --steps {allowed}.",
        )


def to_dict(config: Config) -> dict[str, Any]:
    """Return the configuration as plain dictionaries, ready for JSON."""
    return dataclasses.asdict(config)


def flatten(values: Mapping[str, object], prefix: str = "") -> dict[str, Any]:
    """Return nested fields under dotted names, as in `returns.n_step`."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= flatten(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return flat


def nested(flat: Mapping[str, object]) -> dict[str, Any]:
    """Return fields under dotted names as nested dictionaries, the inverse of `flatten`."""
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *sections, last = name.split(".")
        branch = tree
        for section in sections:
            branch = branch.setdefault(section, {})
        branch[last] = value
    return tree


def with_fields(config: Config, fields: Mapping[str, object]) -> Config:
    """Return the configuration with fields replaced, by dotted name, in one step."""
    changes: dict[str, Any] = {
        name: replace(getattr(config, name), **value) if isinstance(value, dict) else value
        for name, value in nested(fields).items()
    }
    return replace(config, **changes)


def from_dict(values: Mapping[str, object]) -> Config:
    """Build the configuration that `to_dict` (through JSON) describes.

    Old names are read as the present ones (`aliases.py`). A missing field, as in the run of an older
    version, takes its default.

    Raises:
        ConfigError: a field is unknown, as in the run of a newer version, or its value is of a wrong kind.
    """
    return _build(nested(updated(flatten(values))), Config)


def _build(values: Mapping[str, object], cls: type[Section]) -> Section:
    hints = typing.get_type_hints(cls)
    unknown = sorted(values.keys() - hints.keys())
    if unknown:
        raise ConfigError(
            f"The saved configuration does not fit this version (fields: {', '.join(unknown)}); check "
            "out the commit named in the run's config.json."
        )
    arguments: dict[str, Any] = {}
    for name, value in values.items():
        hint = hints[name]
        if dataclasses.is_dataclass(hint) and isinstance(value, dict):
            arguments[name] = _build(value, typing.cast(type, hint))
        elif dataclasses.is_dataclass(hint) or not fits(hint, value):
            raise ConfigError(f"The saved configuration is damaged ({name} is {value!r:.40}); restore it.")
        else:
            arguments[name] = tuple(value) if isinstance(value, list) else value
    return cls(**arguments)
