"""Named configurations: parts of the family, put together for an environment and an observation."""

from dataclasses import dataclass, field, replace
from typing import Any

from agents.config import Config, ConfigError
from agents.config.family import FAMILY, PARTS, WHERE, Fields, Settings
from agents.config.recipes import BTR, CHAPTER, DER, DRQ, FAST, NATURE, PQN
from envs.protocols import PROTOCOLS, allowed_steps, protocol_fields

WITHOUT = "-without-"
RAINBOW = ("double", "dueling", "n-step", "noisy", "c51", "prioritized")


@dataclass(frozen=True, kw_only=True)
class Preset:
    """An algorithm: a ground to stand on, parts on it, and settings of its own, which count last."""

    summary: str
    paper: str
    base: Settings = field(default_factory=lambda: FAMILY)
    parts: tuple[str, ...] = ()
    own: Settings = field(default_factory=dict)
    observations: tuple[str, ...] = ("pixels", "state")


def _alone(part: str, summary: str) -> Preset:
    return Preset(summary=summary, paper=PARTS[part].paper, parts=(part,))


PRESETS: dict[str, Preset] = {
    "fast": Preset(
        summary="what learns fastest here: 3-step returns, LayerNorm, soft target (default)",
        paper="none: by measurement",
        base={},
        own=FAST,
    ),
    "chapter": Preset(
        summary="the textbook's recipe, on its own clock: 100 episodes, 1,000 updates after each",
        paper="the chapter",
        base={},
        own=CHAPTER,
    ),
    "nature": Preset(
        summary="84x84 full frames and the Nature network; on Atari all of Mnih et al. 2015; pixels only",
        paper="Mnih et al. 2015, doi:10.1038/nature14236",
        base={},
        own=NATURE,
        observations=("pixels",),
    ),
    "dqn": Preset(
        summary="plain DQN: one-step targets, a target network, uniform replay",
        paper="Mnih et al. 2015, doi:10.1038/nature14236",
    ),
    "double": _alone("double", "the online network chooses the next action, the target network values it"),
    "dueling": _alone("dueling", "state value and advantages in streams of their own"),
    "n-step": _alone("n-step", "returns over three steps before bootstrapping"),
    "prioritized": _alone("prioritized", "transitions drawn in proportion to their errors"),
    "noisy": _alone("noisy", "learned noise in the weights explores, in place of epsilon"),
    "c51": _alone("c51", "probabilities of 51 returns"),
    "qr-dqn": _alone("qr-dqn", "quantiles of the return"),
    "iqn": _alone("iqn", "quantiles of the return at random levels"),
    "munchausen": _alone("munchausen", "soft values, and a bonus for likely actions"),
    "m-iqn": Preset(
        summary="munchausen and iqn", parts=("munchausen", "iqn"), paper=PARTS["munchausen"].paper
    ),
    "rainbow": Preset(
        summary="double, dueling, n-step, prioritized, noisy and c51 together",
        paper="Hessel et al. 2018, arXiv:1710.02298",
        parts=RAINBOW,
    ),
    "der": Preset(
        summary="data-efficient rainbow: longer returns, an update for each step",
        paper="van Hasselt et al. 2019, arXiv:1906.05243",
        parts=RAINBOW,
        own=DER,
    ),
    "drq-eps": Preset(
        summary="images shifted at random, double, dueling, 10-step returns; pixels only",
        paper="Kostrikov et al. 2021, arXiv:2004.13649; Agarwal et al. 2021, arXiv:2108.13264",
        parts=("double", "dueling", "n-step", "shift"),
        own=DRQ,
        observations=("pixels",),
    ),
    "pqn": Preset(
        summary="no replay, no target network: lambda-returns of the newest steps",
        paper="Gallici et al. 2024, arXiv:2407.04811",
        own=PQN,
    ),
    "btr": Preset(
        summary="m-iqn, dueling, n-step, noisy and prioritized over residual convolutions",
        paper="Clark et al. 2024, arXiv:2411.03820",
        parts=("munchausen", "iqn", "dueling", "n-step", "noisy", "prioritized"),
        own=BTR,
    ),
}
LADDER = tuple(name for name in PRESETS if name not in ("fast", "chapter", "nature"))


def preset_config(preset: str, env_id: str, obs: str, protocol: str | None = None) -> Config:
    """Returns the configuration of a preset for an environment and an observation.

    Args:
        preset: Its name; `rainbow-without-noisy` takes a part out.
        env_id: A Gymnasium id.
        obs: `pixels` or `state`.
        protocol: Rules for Atari games in place of the preset's.

    Raises:
        ConfigError: no such preset, part or protocol, or not for this observation.
    """
    chosen, parts, ideas = _chosen(preset)
    if protocol not in (None, "none", *PROTOCOLS):
        names = ", ".join(["none", *PROTOCOLS])
        raise ConfigError(f"--env.protocol {protocol} is unknown; choose one of {names}.")
    if obs not in chosen.observations:
        raise ConfigError(
            f"--preset {preset} is for --obs {' or '.join(chosen.observations)} only; "
            "choose that, or another preset."
        )
    atari, cartpole = env_id.startswith("ALE/"), env_id.startswith("CartPole-")
    if protocol not in (None, "none") and not atari:
        raise ConfigError(f"--env.protocol {protocol} is for Atari games; leave it out for {env_id}.")
    here = {"all", obs} | ({"cartpole", f"cartpole {obs}"} if cartpole else set())
    here |= {"atari"} if atari else set()
    fields: dict[str, Any] = {"preset": preset, "env.id": env_id, "env.obs": obs}
    for settings in (chosen.base, *(PARTS[part].settings for part in parts)):
        fields |= _flat(settings, here)
    fields |= {name: value for name, value in _flat(chosen.own, here).items() if name not in ideas}
    if atari:
        rules = protocol or fields["env.protocol"]
        fields |= {"env.protocol": rules, **protocol_fields(rules)}
        allowed = allowed_steps(rules)
        if allowed is not None:
            fields["steps"] = allowed
    return with_fields(Config(), fields)


def _flat(settings: Settings, here: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for where in WHERE:
        found |= settings.get(where, {}) if where in here else {}
    return found


def _chosen(name: str) -> tuple[Preset, tuple[str, ...], set[str]]:
    """Returns the preset of a name such as `rainbow-without-noisy`, its parts, and the fields it gave up.

    What a part stands for are its fields under `all`: a preset's own values of them go with it.
    """
    base, *without = name.split(WITHOUT)
    if base not in PRESETS:
        raise ConfigError(f"--preset {base} is unknown; choose one of {', '.join(PRESETS)}.")
    parts = PRESETS[base].parts
    for part in without:
        if part not in parts:
            has = f"has {', '.join(parts)}; name one of those, or" if parts else "is not made of parts;"
            raise ConfigError(f"--without {part}: preset {base} {has} leave it out.")
    ideas = {name for part in without for name in PARTS[part].settings["all"]}
    return PRESETS[base], tuple(part for part in parts if part not in without), ideas


def with_fields(config: Config, fields: Fields) -> Config:
    """Returns the configuration with fields replaced, by dotted name."""
    sections: dict[str, dict[str, Any]] = {}
    top: dict[str, Any] = {}
    for name, value in fields.items():
        section, _, key = name.rpartition(".")
        if section:
            sections.setdefault(section, {})[key] = value
        else:
            top[name] = value
    made = {name: replace(getattr(config, name), **values) for name, values in sections.items()}
    return replace(config, **made, **top)
