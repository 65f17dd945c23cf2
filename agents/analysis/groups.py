"""Which runs belong together: those whose configurations differ in nothing but the seed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.config import ConfigError
from agents.config.idle import NO_RESULT, idle_settings
from agents.runs.reader import Run
from envs.families import is_atari

PARTS = ("env.id", "preset", "env.obs")  # always told apart, and what a group is called by

UNUSED = "–"  # in place of a setting that a group does not use

# Fields that change no result, or only by rounding and luck, as the seed does.
NO_EFFECT = NO_RESULT | {
    "seed",
    "evaluation.video_frames",
    "evaluation.num_envs",
    "evaluation.probe_samples",
}


@dataclass(frozen=True)
class Group:
    """Runs that differ in nothing but the seed."""

    environment: str
    method: str
    """Preset, observation and whatever else tells it from others; the same in every environment."""
    runs: tuple[Run, ...]

    @property
    def name(self) -> str:
        """Tells the group from all others."""
        return f"{self.environment}, {self.method}"

    @property
    def config(self) -> Mapping[str, Any]:
        """Of its first run."""
        return self.runs[0].config

    @property
    def observation(self) -> str:
        """`pixels` or `state`."""
        return str(self.config["env.obs"])

    @property
    def apart_from_observation(self) -> str:
        """The method's name without its observation: the same for the two sides of a comparison."""
        return self.method.replace(f", {self.observation}", "", 1)

    @property
    def typical(self) -> Run:
        """The run whose kept agent scored in the middle: one to show, neither the best nor the worst."""
        done = [run for run in self.runs if run.summary] or list(self.runs)
        ranked = sorted(done, key=lambda run: run.summary.eval_mean if run.summary else 0.0)
        return ranked[len(ranked) // 2]


def group_runs(runs: Sequence[Run]) -> list[Group]:
    """Groups runs by environment, preset, observation and every other field that differs in between.

    Returns:
        Groups by environment, in the order in which their runs came.
    """
    families: dict[tuple[Any, ...], list[Run]] = {}
    for run in runs:
        families.setdefault(tuple(run.config[part] for part in PARTS), []).append(run)
    told: dict[tuple[Any, ...], set[str]] = {}  # by preset and observation, for one name everywhere
    for (_, *kind), members in families.items():
        told.setdefault(tuple(kind), set()).update(differing(run.config for run in members))
    groups: dict[tuple[str, str], list[Run]] = {}
    for (environment, *kind), members in families.items():
        for run in members:
            used = sorted(told[tuple(kind)] - idle_settings(run.config))
            extra = [f"{option(f)} {written(run.config[f])}" for f in used]
            groups.setdefault((environment, ", ".join([*kind, *extra])), []).append(run)
    order = list(dict.fromkeys(environment for environment, _ in groups))
    ranked = sorted(groups, key=lambda key: order.index(key[0]))
    return [Group(*key, tuple(groups[key])) for key in ranked]


def differing(configs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Returns the fields in which configurations differ that use them, those aside that decide nothing."""
    every = [(config, idle_settings(config)) for config in configs]
    names = dict.fromkeys(name for config, _ in every for name in config if name not in NO_EFFECT)
    used = {name: [config.get(name) for config, idle in every if name not in idle] for name in names}
    return [name for name, values in used.items() if any(value != values[0] for value in values)]


def differences(groups: Sequence[Group]) -> list[tuple[str, list[str]]]:
    """Returns each option that differs between groups that use it, with its value in every group."""
    fields = [field for field in differing(group.config for group in groups) if field not in PARTS]
    idle = {group.name: idle_settings(group.config) for group in groups}
    return [
        (option(f), [UNUSED if f in idle[group.name] else written(group.config.get(f)) for group in groups])
        for f in fields
    ]


def option(field: str) -> str:
    """Returns a field as the command line calls it."""
    return field.replace("_", "-")


def written(value: Any) -> str:
    """Returns a setting as the command line takes it."""
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def check_protocols(runs: Sequence[Run], force: bool) -> str | None:
    """Returns a warning where Atari runs were made under different protocols; None where they agree.

    Raises:
        ConfigError: they differ, and `force` was not asked.
    """
    atari = [run for run in runs if is_atari(run.config["env.id"])]
    found = sorted({str(run.config["env.protocol"]) for run in atari})
    if len(found) < 2:
        return None
    several = ", ".join(found)
    if not force:
        raise ConfigError(
            f"The runs were made under different protocols ({several}), whose scores cannot be compared; "
            "name runs of one protocol, or add --force to see them side by side."
        )
    return (
        f"Made under different protocols ({several}): their scores do not measure the same thing and "
        "cannot be compared."
    )
