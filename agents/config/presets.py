"""Named configurations, built in stages for an environment and an observation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

from agents.config import parts
from agents.config.algorithms import Algorithm, chapter, dqn, fast, nature, on_atari
from agents.config.config import Config, with_fields
from envs.config import ConfigError, EnvConfig, Observation
from envs.protocols import ProtocolName, allowed_steps, protocol_fields

WITHOUT = "-without-"
COMMAND_LINE = "command line"
RAINBOW: Mapping[str, Algorithm] = {
    "double": parts.double,
    "dueling": parts.dueling,
    "n-step": parts.n_step,
    "noisy": parts.noisy,
    "c51": parts.c51,
    "prioritized": parts.prioritized,
}


class Stage(NamedTuple):
    """The configuration after one layer of settings."""

    layer: str
    config: Config


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A base algorithm, parts added in order, and settings of its own."""

    summary: str
    paper: str
    base: Algorithm = dqn
    parts: Mapping[str, Algorithm] = field(default_factory=dict)
    own: Algorithm | None = None
    observations: tuple[Observation, ...] = ("pixels", "state")
    protocol: ProtocolName = "nature"
    """Rules for Atari games unless others are named."""


PRESETS: dict[str, Preset] = {
    "fast": Preset(
        summary="fastest learning here: 3-step returns, LayerNorm, averaged target network (default)",
        paper="none: by measurement",
        base=fast,
        protocol="ale-v5",
    ),
    "chapter": Preset(
        summary="the textbook's recipe, counted in episodes: 100 of them, 1,000 gradient steps after each",
        paper="the chapter",
        base=chapter,
        protocol="ale-v5",
    ),
    "nature": Preset(
        summary="full 84x84 frames and the Nature network; on Atari all of Mnih et al. 2015; pixels only",
        paper="Mnih et al. 2015, doi:10.1038/nature14236",
        base=nature,
        observations=("pixels",),
    ),
    "dqn": Preset(
        summary="plain DQN: one-step targets, a target network, uniform replay",
        paper="Mnih et al. 2015, doi:10.1038/nature14236",
    ),
    "double": Preset(
        summary="the online network chooses the next action, the target network evaluates it",
        paper="van Hasselt et al. 2016, arXiv:1509.06461",
        parts={"double": parts.double},
    ),
    "dueling": Preset(
        summary="separate streams for the state value and the advantages",
        paper="Wang et al. 2016, arXiv:1511.06581",
        parts={"dueling": parts.dueling},
    ),
    "n-step": Preset(
        summary="returns over three steps before bootstrapping",
        paper="Sutton 1988, doi:10.1007/BF00115009",
        parts={"n-step": parts.n_step},
    ),
    "prioritized": Preset(
        summary="transitions sampled in proportion to their errors",
        paper="Schaul et al. 2016, arXiv:1511.05952",
        parts={"prioritized": parts.prioritized},
    ),
    "noisy": Preset(
        summary="exploration by learned noise in the weights instead of epsilon",
        paper="Fortunato et al. 2018, arXiv:1706.10295",
        parts={"noisy": parts.noisy},
    ),
    "c51": Preset(
        summary="a categorical distribution over 51 returns",
        paper="Bellemare et al. 2017, arXiv:1707.06887",
        parts={"c51": parts.c51},
    ),
    "qr-dqn": Preset(
        summary="quantiles of the return",
        paper="Dabney et al. 2018, arXiv:1710.10044",
        parts={"qr-dqn": parts.qr_dqn},
    ),
    "iqn": Preset(
        summary="quantiles of the return at random levels",
        paper="Dabney et al. 2018, arXiv:1806.06923",
        parts={"iqn": parts.iqn},
    ),
    "munchausen": Preset(
        summary="soft values, and a bonus for likely actions",
        paper="Vieillard et al. 2020, arXiv:2007.14430",
        parts={"munchausen": parts.munchausen},
    ),
    "m-iqn": Preset(
        summary="munchausen and iqn",
        paper="Vieillard et al. 2020, arXiv:2007.14430",
        parts={"munchausen": parts.munchausen, "iqn": parts.iqn},
    ),
    "rainbow": Preset(
        summary="double, dueling, n-step, prioritized, noisy and c51 together",
        paper="Hessel et al. 2018, arXiv:1710.02298",
        parts=RAINBOW,
    ),
    "der": Preset(
        summary="data-efficient rainbow: longer returns, a gradient step per agent step",
        paper="van Hasselt et al. 2019, arXiv:1906.05243",
        parts={
            **RAINBOW,
            "n-step": parts.der_n_step,
            "noisy": parts.der_noisy,
            "prioritized": parts.der_prioritized,
        },
        own=parts.der,
        protocol="atari100k",
    ),
    "drq-eps": Preset(
        summary="randomly shifted images, double, dueling, 10-step returns; pixels only",
        paper="Kostrikov et al. 2021, arXiv:2004.13649; Agarwal et al. 2021, arXiv:2108.13264",
        parts={
            "double": parts.double,
            "dueling": parts.dueling,
            "n-step": parts.drq_n_step,
            "shift": parts.shift,
        },
        own=parts.drq,
        observations=("pixels",),
        protocol="atari100k",
    ),
    "pqn": Preset(
        summary="no replay, no target network: lambda-returns of the most recent steps",
        paper="Gallici et al. 2024, arXiv:2407.04811",
        own=parts.pqn,
    ),
    "btr": Preset(
        summary="m-iqn, dueling, n-step, noisy and prioritized over residual convolutions",
        paper="Clark et al. 2024, arXiv:2411.03820",
        parts={
            "munchausen": parts.munchausen,
            "iqn": parts.btr_iqn,
            "dueling": parts.dueling,
            "n-step": parts.n_step,
            "noisy": parts.btr_noisy,
            "prioritized": parts.btr_prioritized,
        },
        own=parts.btr,
    ),
}
LADDER = tuple(name for name in PRESETS if name not in ("fast", "chapter", "nature"))


def preset_config(preset: str, env_id: str, obs: str, protocol: str | None = None) -> Config:
    """Return the configuration of a preset for an environment and an observation.

    Args:
        preset: Its name; `rainbow-without-noisy` leaves a part out.
        env_id: A Gymnasium id.
        obs: `pixels` or `state`.
        protocol: Rules for Atari games in place of the preset's.

    Raises:
        ConfigError: no such preset, part or protocol, or not for this observation.
    """
    return preset_stages(preset, env_id, obs, protocol)[-1].config


def preset_stages(name: str, env_id: str, obs: str, protocol: str | None = None) -> list[Stage]:
    """Return the configuration after each layer of settings.

    Layers are the defaults, the task, the base, each part, the preset's own settings, and the protocol.
    Arguments and errors are those of `preset_config`.
    """
    base_name, *without = name.split(WITHOUT)
    if base_name not in PRESETS:
        raise ConfigError(f"--preset {base_name} is unknown; choose one of {', '.join(PRESETS)}.")
    preset = PRESETS[base_name]
    for part in (part for part in without if part not in preset.parts):
        names = ", ".join(preset.parts)
        has = f"has {names}; name one of those, or" if names else "is not made of parts;"
        raise ConfigError(f"--without {part}: preset {base_name} {has} leave it out.")
    if obs not in preset.observations:
        only = " or ".join(preset.observations)
        raise ConfigError(f"--preset {name} is for --obs {only} only; choose that, or another preset.")
    task = EnvConfig(id=env_id, obs=obs)
    stages = [Stage("default", Config()), Stage(COMMAND_LINE, Config(preset=name, env=task))]
    layers = {"family" if preset.base is dqn else base_name: preset.base}
    layers |= {part: function for part, function in preset.parts.items() if part not in without}
    layers |= {base_name: preset.own} if preset.own else {}
    for layer, function in layers.items():
        stages.append(Stage(layer, function(stages[-1].config)))
    return [*stages, *_protocol_stage(preset, stages[-1].config, protocol)]


def _protocol_stage(preset: Preset, config: Config, protocol: str | None) -> Iterator[Stage]:
    """Yield the stage of an Atari protocol, last because it decides."""
    names = get_args(ProtocolName)
    if protocol not in (None, *names):
        raise ConfigError(f"--env.protocol {protocol} is unknown; choose one of {', '.join(names)}.")
    if on_atari(config):
        name = protocol or preset.protocol
        steps = allowed_steps(name) or config.steps
        fields = {"env.protocol": name, **protocol_fields(name), "steps": steps}
        yield Stage(f"protocol {name}", with_fields(config, fields))
    elif protocol not in (None, "none"):
        raise ConfigError(
            f"--env.protocol {protocol} is for Atari games; leave it out for {config.env.id}."
        )
