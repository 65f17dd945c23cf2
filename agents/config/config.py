"""The configuration of a run as frozen data, units under each field."""

import reprlib
import typing
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from itertools import chain, compress
from operator import attrgetter
from typing import Any, Literal

from agents.config import sections
from agents.config.aliases import updated
from agents.config.kinds import fits
from envs.config import LARGEST_SEED, ConfigError, EnvConfig, check_bounds, count, number
from envs.protocols import allowed_steps, protocol_fields
from models.config import NetworkConfig


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
    network: NetworkConfig = field(default_factory=NetworkConfig)
    learning: sections.LearningConfig = field(default_factory=sections.LearningConfig)
    returns: sections.ReturnsConfig = field(default_factory=sections.ReturnsConfig)
    target: sections.TargetConfig = field(default_factory=sections.TargetConfig)
    exploration: sections.ExplorationConfig = field(default_factory=sections.ExplorationConfig)
    memory: sections.MemoryConfig = field(default_factory=sections.MemoryConfig)
    schedule: sections.ScheduleConfig = field(default_factory=sections.ScheduleConfig)
    evaluation: sections.EvaluationConfig = field(default_factory=sections.EvaluationConfig)

    def __post_init__(self) -> None:
        check_bounds(self)
        for name, value in vars(self).items():
            if is_dataclass(value):
                check_bounds(value, name)
        for contradiction in chain(_of_fields(self), _of_memory(self), _of_protocol(self)):
            raise ConfigError(contradiction)


def _of_fields(config: Config) -> Iterator[str]:
    """Yield the contradictions between fields, a sentence each."""
    learning, batch = config.learning, config.learning.batch_size
    if learning.v_min >= learning.v_max:
        yield (
            f"--learning.v-min is {learning.v_min:g} and --learning.v-max {learning.v_max:g}; "
            "give a larger v-max."
        )
    if learning.double and learning.backup == "munchausen":
        yield (
            "--learning.double chooses one next action and --learning.backup munchausen averages over all "
            "of them; leave one of the two out."
        )
    if learning.loss != "huber" and learning.value != "scalar":
        yield (
            f"--learning.loss {learning.loss} is not for --learning.value {learning.value}; "
            "leave one of them out."
        )
    if learning.shift and config.env.obs == "state":
        yield "--learning.shift moves images; leave it out with --obs state."
    if config.network.norm == "batch" and batch < 2:
        yield (
            "--network.norm batch needs several rows to normalise over, not "
            f"--learning.batch-size {batch}; give 2 or more."
        )
    if 0 < config.evaluation.probe_samples < 72:
        samples = config.evaluation.probe_samples
        yield f"--evaluation.probe-samples is {samples}; give 72 or more, or 0 for none."


def _of_memory(config: Config) -> Iterator[str]:
    """Yield the contradictions with the kind of memory."""
    memory, schedule, target, learning = config.memory, config.schedule, config.target, config.learning
    num_envs, n_step, batch = config.env.num_envs, config.returns.n_step, config.learning.batch_size
    if memory.kind == "replay":
        if memory.capacity is not None and memory.capacity < batch:
            yield (
                f"--memory.capacity {memory.capacity} is smaller than --learning.batch-size {batch}; "
                f"make it at least {batch}."
            )
        rounds = -(-(schedule.learning_starts + schedule.train_frequency) // num_envs)
        if schedule.clock == "steps" and rounds < n_step:
            yield (
                f"The first update comes after {rounds} steps of each of {num_envs} environments, before "
                f"there is a return over {n_step}; give --schedule.learning-starts {n_step * num_envs} or "
                "more."
            )
        if (target.update_period > 0) == (target.tau > 0):
            yield (
                "The target network must be either copied or blended; set one of "
                "--target.update-period and --target.tau above 0, and the other to 0."
            )
        return
    if memory.priority_exponent:
        yield "--memory.priority-exponent is for a replay memory; leave it out with --memory.kind rollout."
    idle = {
        "--returns.n-step": n_step != 1,
        "--learning.double": learning.double,
        "--learning.backup": learning.backup != "greedy",
        "--target.tau": target.tau > 0,
        "--target.update-period": target.update_period > 0,
    }
    if any(idle.values()):
        yield (
            "--memory.kind rollout trains on lambda-returns without a target network, where "
            f"{', '.join(compress(idle, idle.values()))} would do nothing; leave that out, or set "
            "--target.tau and --target.update-period to 0."
        )
    if schedule.clock != "steps":
        yield "--memory.kind rollout counts steps; leave --schedule.clock out."
    if config.steps < num_envs * memory.num_steps:
        yield (
            f"--steps {config.steps} end before the first rollout of {num_envs * memory.num_steps} steps; "
            "give as many or more, or lower --memory.num-steps or --env.num-envs."
        )
    if memory.update_epochs * num_envs * memory.num_steps < batch:
        yield (
            f"A rollout of {num_envs * memory.num_steps} steps is smaller than --learning.batch-size "
            f"{batch}; raise --memory.num-steps or --env.num-envs."
        )


def _of_protocol(config: Config) -> Iterator[str]:
    """Yield the contradictions with the evaluation protocol."""
    name = config.env.protocol
    for field_name, value in protocol_fields(name).items():
        own, option = attrgetter(field_name)(config), field_name.replace("_", "-")
        if own != value:
            yield (
                f"--env.protocol {name} means --{option} {value}, not {own}; leave one of them out, "
                "or use --env.protocol none."
            )
    allowed = allowed_steps(name)
    if allowed is not None and config.steps > allowed:
        yield f"--env.protocol {name} allows {allowed} steps, not {config.steps}; give --steps {allowed}."


def to_dict(config: Config) -> dict[str, Any]:
    """Return the configuration as plain dictionaries, ready for JSON."""
    return asdict(config)


def flatten(values: Mapping[str, object]) -> dict[str, Any]:
    """Return sections and their fields under dotted names, as in `returns.n_step`."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{key}": item for key, item in value.items()}
        else:
            flat[name] = value
    return flat


def with_fields(config: Config, fields: Mapping[str, object]) -> Config:
    """Return the configuration with fields replaced, by dotted name, in one step."""
    sections: dict[str, dict[str, Any]] = {"": {}}
    for name, value in fields.items():
        section, _, key = name.rpartition(".")
        sections.setdefault(section, {})[key] = value
    changes = sections.pop("")
    changes |= {name: replace(getattr(config, name), **values) for name, values in sections.items()}
    return replace(config, **changes)


def from_dict(values: Mapping[str, object]) -> Config:
    """Build the configuration that `to_dict` (through JSON) describes.

    Old names are read as the present ones (`aliases.py`). A missing field, as in the run of an older
    version, takes its default.

    Raises:
        ConfigError: a field is unknown, as in the run of a newer version, or its value is of a wrong kind.
    """
    flat, hints = updated(flatten(values)), typing.get_type_hints(Config)
    sections = {name: typing.get_type_hints(hint) for name, hint in hints.items() if is_dataclass(hint)}
    hints |= flatten(sections)
    unknown = sorted(flat.keys() - hints.keys())
    if unknown:
        raise ConfigError(
            f"The saved configuration does not fit this version (fields: {', '.join(unknown)}); check "
            "out the commit named in the run's config.json."
        )
    for name, value in flat.items():
        if not fits(hints[name], value):
            raise ConfigError(
                f"The saved configuration is damaged ({name} is {reprlib.repr(value)}); restore it."
            )
        flat[name] = tuple(value) if isinstance(value, list) else value
    return with_fields(Config(), flat)
