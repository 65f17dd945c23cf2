"""Groups of runs whose configurations differ in nothing but the seed."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from agents.config import ConfigError
from agents.config.idle import NO_RESULT, Flat, idle_settings
from agents.runs.reader import Run
from envs.families import is_atari

KEY = ("env.id", "preset", "env.obs")  # fields that always separate groups, and name them

# Fields without effect on results, or with none beyond rounding and chance, as the seed.
NO_EFFECT = NO_RESULT | {
    "seed",
    "evaluation.video_frames",
    "evaluation.num_envs",
    "evaluation.probe_samples",
}


class Group(NamedTuple):
    """Runs that differ in nothing but the seed."""

    environment: str
    method: str  # preset, observation and all other distinguishing fields; the same in every environment
    runs: tuple[Run, ...]

    @property
    def name(self) -> str:
        """Unique name."""
        return f"{self.environment}, {self.method}"

    @property
    def config(self) -> Flat:
        """Configuration of its first run."""
        return self.runs[0].config

    @property
    def observation(self) -> str:
        """`pixels` or `state`."""
        return str(self.config["env.obs"])

    @property
    def apart_from_observation(self) -> str:
        """The method's name without its observation, equal for pixels and state."""
        return self.method.replace(f", {self.observation}", "", 1)

    @property
    def typical(self) -> Run:
        """The run with the median score of its best checkpoint, of the finished ones if there are any."""
        finished = [run for run in self.runs if run.summary] or self.runs
        return sorted(finished, key=lambda run: run.best_score)[len(finished) // 2]


def group_runs(runs: Sequence[Run]) -> list[Group]:
    """Group runs by environment, preset, observation and every other field that differs."""
    families: dict[tuple[str, ...], list[Run]] = {}
    fields: dict[tuple[str, ...], set[str]] = {}  # by preset and observation, for one name everywhere
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        families.setdefault(tuple(run.config[name] for name in KEY), []).append(run)
    for (_, *kind), members in families.items():
        fields.setdefault(tuple(kind), set()).update(differing(run.config for run in members))
    for (environment, *kind), members in families.items():
        for run in members:
            used = sorted(fields[tuple(kind)] - idle_settings(run.config))
            extra = [f"{field.replace('_', '-')} {setting(field, run.config)}" for field in used]
            groups.setdefault((environment, ", ".join([*kind, *extra])), []).append(run)
    order = list(dict.fromkeys(environment for environment, _ in groups))
    ranked = sorted(groups, key=lambda key: order.index(key[0]))
    return [Group(*key, tuple(groups[key])) for key in ranked]


def differing(configs: Iterable[Flat]) -> list[str]:
    """Return the fields with an effect on results whose values differ."""
    pairs = [(config, idle_settings(config)) for config in configs]
    names = dict.fromkeys(name for config, _ in pairs for name in config if name not in NO_EFFECT)
    used = {name: [config.get(name) for config, idle in pairs if name not in idle] for name in names}
    return [name for name, values in used.items() if any(value != values[0] for value in values)]


def differences(groups: Sequence[Group]) -> list[tuple[str, list[str]]]:
    """Return options that differ between groups, with every group's value."""
    return [
        (field.replace("_", "-"), [setting(field, group.config) for group in groups])
        for field in differing(group.config for group in groups)
        if field not in KEY
    ]


def setting(field: str, config: Flat) -> str:
    """Format a field's value as on the command line, as – if it has no effect."""
    value = config.get(field)
    if field in idle_settings(config):
        return "–"
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def check_protocols(runs: Sequence[Run], force: bool) -> str | None:
    """Return a warning if the protocols of Atari runs differ, else None.

    Raises:
        ConfigError: they differ, without `force`.
    """
    atari = [run for run in runs if is_atari(run.config["env.id"])]
    protocols = sorted({str(run.config["env.protocol"]) for run in atari})
    if len(protocols) < 2:
        return None
    names = ", ".join(protocols)
    if not force:
        raise ConfigError(
            f"The runs were made under different protocols ({names}), whose scores cannot be compared; "
            "name runs of one protocol, or add --force to see them side by side."
        )
    return (
        f"Made under different protocols ({names}): their scores do not measure the same thing and "
        "cannot be compared."
    )
