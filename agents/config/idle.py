"""Fields without effect, and fields that may change during a run."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from envs.config import ATARI_FIELDS
from envs.families import is_atari

NO_RESULT = frozenset(
    {"device", "threads", "log_every", "checkpoint_seconds", "env.backend", "env.threads"}
)
"""Fields without effect on the results of a run, whatever the others are."""
MAY_CHANGE = frozenset({"steps", "reward_threshold", "device", "checkpoint_seconds"})
"""Fields that may differ when a run is resumed."""
IMAGE_FIELDS = ("env.crop", "env.size", "env.frame_stack", "network.zero_level")
"""Fields without effect on state vectors, refused as options with them."""
STATE_FIELDS = ("env.state_stack",)
"""Fields without effect on images, refused as options with them."""

Flat: TypeAlias = Mapping[str, Any]  # fields under dotted names, as of `agents.config.flatten`


def _is(field: str, *values: object) -> Callable[[Flat], bool]:
    return lambda config: config[field] in values


_replay = _is("memory.kind", "replay")


GATES: tuple[tuple[tuple[str, ...], Callable[[Flat], bool]], ...] = (
    (tuple(f"env.{name}" for name in ATARI_FIELDS), lambda config: is_atari(config["env.id"])),
    (("env.action_repeat", "evaluation.max_steps"), lambda config: not is_atari(config["env.id"])),
    (STATE_FIELDS, _is("env.obs", "state")),
    ((*IMAGE_FIELDS, "learning.shift", "evaluation.probe_samples"), _is("env.obs", "pixels")),
    (("network.width", "network.spectral", "network.pool"), _is("network.torso", "impala")),
    (("learning.num_atoms", "learning.v_min", "learning.v_max"), _is("learning.value", "categorical")),
    (("learning.num_quantiles",), _is("learning.value", "quantile", "iqn")),
    (("learning.loss",), _is("learning.value", "scalar")),
    (
        ("learning.huber_delta",),
        lambda config: config["learning.value"] != "categorical" and config["learning.loss"] == "huber",
    ),
    (
        ("learning.munchausen_alpha", "learning.munchausen_tau", "learning.munchausen_clip"),
        _is("learning.backup", "munchausen"),
    ),
    (("learning.adam_epsilon",), _is("learning.optimizer", "adam", "adamw", "radam")),
    (("returns.n_step", "learning.double", "learning.backup", "target.tau"), _replay),
    (("memory.capacity", "memory.priority_exponent", "target.update_period"), _replay),
    (("schedule.learning_starts", "schedule.train_frequency", "schedule.gradient_steps"), _replay),
    (
        ("memory.importance_sampling_exponent",),
        lambda config: _replay(config) and config["memory.priority_exponent"] > 0,
    ),
    (("memory.num_steps", "returns.td_lambda", "memory.update_epochs"), _is("memory.kind", "rollout")),
    (
        ("exploration.epsilon_decay_steps",),
        lambda config: config["exploration.epsilon_start"] != config["exploration.epsilon_end"],
    ),
)
"""Fields, and the condition of their use; all other fields are always used."""


def idle_settings(config: Flat) -> frozenset[str]:
    """Return the fields without effect in this configuration, whatever their values.

    A field that enables something, such as `memory.priority_exponent`, is not idle when it is off.
    """
    return frozenset(name for names, used in GATES if not used(config) for name in names)
