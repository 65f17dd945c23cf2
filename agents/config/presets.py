"""Named configurations, built in stages for an environment and an observation."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple, get_args

from agents.config import parts
from agents.config.algorithms import Algorithm, chapter, dqn, fast, nature, on_atari
from agents.config.config import Config, with_fields
from envs.config import ConfigError, EnvConfig, Observation
from envs.protocols import ProtocolName, allowed_steps, protocol_fields

WITHOUT = "-without-"
COMMAND_LINE = "command line"
RAINBOW: dict[str, Algorithm] = {
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


class Preset(NamedTuple):
    """A base algorithm, parts added in order, and settings of its own."""

    summary: str
    parts: Mapping[str, Algorithm] = MappingProxyType({})
    base: Algorithm = dqn
    own: Algorithm | None = None
    observations: tuple[Observation, ...] = ("pixels", "state")
    protocol: ProtocolName = "nature"
    """Rules for Atari games unless others are named."""


PRESETS: dict[str, Preset] = {
    "fast": Preset(  # by measurement
        "fastest learning here: 3-step returns, LayerNorm, averaged target network; on Atari PQN (default)",
        base=fast,
        protocol="ale-v5",
    ),
    "chapter": Preset(  # the chapter
        "the textbook's recipe, counted in episodes: 100 of them, 1,000 gradient steps after each",
        base=chapter,
        protocol="ale-v5",
    ),
    "nature": Preset(  # Mnih et al. 2015, doi:10.1038/nature14236
        "full 84x84 frames and the Nature network; on Atari all of Mnih et al. 2015; pixels only",
        base=nature,
        observations=("pixels",),
    ),
    # Mnih et al. 2015, doi:10.1038/nature14236
    "dqn": Preset("plain DQN: one-step targets, a target network, uniform replay"),
    "double": Preset(  # van Hasselt et al. 2016, arXiv:1509.06461
        "the online network chooses the next action, the target network evaluates it",
        {"double": parts.double},
    ),
    "dueling": Preset(  # Wang et al. 2016, arXiv:1511.06581
        "separate streams for the state value and the advantages", {"dueling": parts.dueling}
    ),
    # Sutton 1988, doi:10.1007/BF00115009
    "n-step": Preset("returns over three steps before bootstrapping", {"n-step": parts.n_step}),
    "prioritized": Preset(  # Schaul et al. 2016, arXiv:1511.05952
        "transitions sampled in proportion to their errors", {"prioritized": parts.prioritized}
    ),
    "noisy": Preset(  # Fortunato et al. 2018, arXiv:1706.10295
        "exploration by learned noise in the weights instead of epsilon", {"noisy": parts.noisy}
    ),
    # Bellemare et al. 2017, arXiv:1707.06887
    "c51": Preset("a categorical distribution over 51 returns", {"c51": parts.c51}),
    # Dabney et al. 2018, arXiv:1710.10044
    "qr-dqn": Preset("quantiles of the return", {"qr-dqn": parts.qr_dqn}),
    # Dabney et al. 2018, arXiv:1806.06923
    "iqn": Preset("quantiles of the return at random levels", {"iqn": parts.iqn}),
    # Both Vieillard et al. 2020, arXiv:2007.14430
    "munchausen": Preset("soft values, and a bonus for likely actions", {"munchausen": parts.munchausen}),
    "m-iqn": Preset("munchausen and iqn", {"munchausen": parts.munchausen, "iqn": parts.iqn}),
    # Hessel et al. 2018, arXiv:1710.02298
    "rainbow": Preset("double, dueling, n-step, prioritized, noisy and c51 together", RAINBOW),
    "der": Preset(  # van Hasselt et al. 2019, arXiv:1906.05243
        "data-efficient rainbow: longer returns, a gradient step per agent step",
        RAINBOW
        | {"n-step": parts.der_n_step, "noisy": parts.der_noisy, "prioritized": parts.der_prioritized},
        own=parts.der,
        protocol="atari100k",
    ),
    "drq-eps": Preset(  # Kostrikov et al. 2021, arXiv:2004.13649; Agarwal et al. 2021, arXiv:2108.13264
        "randomly shifted images, double, dueling, 10-step returns; pixels only",
        {
            "double": parts.double,
            "dueling": parts.dueling,
            "n-step": parts.drq_n_step,
            "shift": parts.shift,
        },
        own=parts.drq,
        observations=("pixels",),
        protocol="atari100k",
    ),
    # Gallici et al. 2024, arXiv:2407.04811
    "pqn": Preset("no replay, no target network: lambda-returns of the most recent steps", own=parts.pqn),
    "btr": Preset(  # Clark et al. 2024, arXiv:2411.03820
        "m-iqn, dueling, n-step, noisy and prioritized over residual convolutions",
        {
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
"""Presets by name, with their sources."""

LADDER = tuple(name for name in PRESETS if name not in ("fast", "chapter", "nature"))


def preset_config(preset: str, env_id: str, obs: str, protocol: str | None = None) -> Config:
    """Return the configuration of a preset for an environment and an observation.

    `rainbow-without-noisy` leaves a part out; a protocol replaces the preset's own, for Atari games.

    Raises:
        ConfigError: no such preset, part or protocol, or not for this observation.
    """
    return preset_stages(preset, env_id, obs, protocol)[-1].config


def preset_stages(name: str, env_id: str, obs: str, protocol: str | None = None) -> list[Stage]:
    """Return the configuration after each layer of settings.

    Layers are the defaults, the task, the base, each part, the preset's own settings, and the protocol.
    Errors are those of `preset_config`.
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
