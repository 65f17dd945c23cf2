"""Named configurations: ALGORITHMS x ENVIRONMENTS x what is observed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agents.config import Config, ConfigError
from envs.protocols import PROTOCOLS, allowed_steps, protocol_fields

Fields = Mapping[str, Any]  # dotted names of configuration fields and their values

# What every preset does with Atari games.
ATARI: Fields = {
    "memory.capacity": None,
    "memory.clip_reward": True,
    "evaluation.episodes": 10,
    "evaluation.num_envs": 10,
    "evaluation.solved_episodes": 30,
    "evaluation.film_frames": 3_000,
    "log_every": 1_000,
    "checkpoint_seconds": 600.0,
}

# How each environment is looked at and for how long it is trained, where the defaults do not fit.
ENVIRONMENTS: dict[str, Fields] = {
    "CartPole-v1": {"steps": 80_000},
    "CartPole-v0": {"steps": 80_000},
}

# The rows between the highest tip of the pole and the cart's lower edge, in full width, shrunk to a
# tenth: the grays still tell parts of a pixel. One picture tells nothing of the last push, whose
# effect shows only in the next: hence the stack.
CARTPOLE_VIEW: Fields = {
    "env.crop": (160, 320, 0, 600),
    "env.size": (16, 60),
    "env.stack": 4,
    "network.torso": "small",
    "network.zero_level": 255,
}


@dataclass(frozen=True, kw_only=True)
class Preset:
    """An algorithm with its settings, for both observations."""

    summary: str
    both: Fields
    pixels: Fields
    state: Fields
    cartpole_pixels: Fields
    atari: Fields
    observations: tuple[str, ...] = ("pixels", "state")


PRESETS: dict[str, Preset] = {
    "dqn": Preset(
        summary="what learns fastest here: 3-step returns, LayerNorm, soft target (default)",
        both={
            "network.norm": "layer",
            "learning.n_step": 3,
            "learning.tau": 0.05,
            "schedule.epsilon_duration": 5_000,
        },
        pixels={
            "learning.average": 0.005,
            "learning.huber_delta": 8.0,
            "learning.optimizer": "radam",
            "network.torso": "slim",
            "network.hidden": (128,),
            "learning.batch_size": 128,
            "learning.learning_rate": 2e-3,
            "schedule.learn_every": 4,
        },
        state={
            "network.torso": "mlp",
            "network.hidden": (128, 64),
            "learning.double": True,
            "learning.batch_size": 256,
            "learning.learning_rate": 3e-3,
            "schedule.learn_every": 8,
        },
        cartpole_pixels=CARTPOLE_VIEW,
        atari={
            **ATARI,
            "steps": 2_000_000,
            "env.protocol": "ale-v5",
            "env.fire": True,
            "env.size": (42, 42),
            "network.torso": "half",
            "network.hidden": (256,),
            "learning.double": True,
            "learning.n_step": 5,
            "learning.tau": 0.01,
            "learning.huber_delta": 1.0,
            "learning.optimizer": "adam",
            "learning.batch_size": 64,
            "learning.learning_rate": 5e-4,
            "schedule.epsilon_duration": 60_000,
            "schedule.learn_start": 5_000,
            "schedule.learn_every": 8,
            "evaluation.every": 50_000,
        },
    ),
    "chapter": Preset(
        summary="the textbook's recipe, on its own clock: 100 episodes, 1,000 updates after each",
        both={
            "stop_score": "none",
            "env.num_envs": 1,
            "network.norm": "batch",
            "network.bias": False,
            "learning.learning_rate": 1e-3,
            "learning.batch_size": 32,
            "learning.tau": 0.0,
            "memory.capacity": 10_000,
            "schedule.clock": "episodes",
            "schedule.episodes": 100,
            "schedule.epsilon_start": 0.5,
            "schedule.epsilon_end": 0.005,
            "schedule.epsilon_duration": 99,
            "schedule.learn_start": 0,
            "schedule.updates": 1_000,
            "schedule.target_every": 5,
        },
        pixels={"network.torso": "compact", "network.hidden": (128, 64)},
        state={"network.torso": "mlp", "network.hidden": (128, 64)},
        cartpole_pixels=CARTPOLE_VIEW,
        atari={
            **ATARI,
            "memory.capacity": 10_000,
            "env.protocol": "ale-v5",
            "env.fire": True,
            "evaluation.every": 20_000,
        },
    ),
    "nature": Preset(
        summary="84x84 full frames and the Nature network; on Atari all of Mnih et al. 2015; pixels only",
        both={
            "network.norm": "layer",
            "learning.n_step": 3,
            "learning.tau": 0.02,
            "learning.average": 0.005,
            "learning.huber_delta": 8.0,
            "learning.learning_rate": 5e-4,
            "learning.batch_size": 64,
            "schedule.learn_every": 2,
        },
        pixels={"network.torso": "nature", "network.hidden": (512,)},
        state={},
        cartpole_pixels={"network.zero_level": 255},
        atari={
            **ATARI,
            "steps": 50_000_000,
            "env.protocol": "nature",
            "network.norm": "none",
            "learning.n_step": 1,
            "learning.tau": 0.0,
            "learning.average": 0.0,
            "learning.huber_delta": 1.0,
            "learning.optimizer": "rmsprop",
            "learning.learning_rate": 2.5e-4,
            "learning.batch_size": 32,
            "schedule.epsilon_end": 0.1,
            "schedule.epsilon_duration": 1_000_000,
            "schedule.learn_start": 50_000,
            "schedule.learn_every": 4,
            "schedule.target_every": 10_000,
            "evaluation.every": 250_000,
        },
        observations=("pixels",),
    ),
}


def preset_config(preset: str, env_id: str, obs: str, protocol: str | None = None) -> Config:
    """Returns the configuration of a preset for an environment and an observation.

    Args:
        preset: Its name.
        env_id: A Gymnasium id.
        obs: `pixels` or `state`.
        protocol: Rules for Atari games in place of the preset's.

    Raises:
        ConfigError: no such preset or protocol, or not for this observation.
    """
    if preset not in PRESETS:
        raise ConfigError(f"--preset {preset} is unknown; choose one of {', '.join(PRESETS)}.")
    chosen = PRESETS[preset]
    if protocol not in (None, "none", *PROTOCOLS):
        names = ", ".join(["none", *PROTOCOLS])
        raise ConfigError(f"--env.protocol {protocol} is unknown; choose one of {names}.")
    if obs not in chosen.observations:
        raise ConfigError(
            f"--preset {preset} is for --obs {' or '.join(chosen.observations)} only; "
            "choose that, or another preset."
        )
    fields: dict[str, Any] = {"preset": preset, "env.id": env_id, "env.obs": obs}
    fields |= {**ENVIRONMENTS.get(env_id, {}), **chosen.both, **getattr(chosen, obs)}
    if obs == "pixels" and env_id.startswith("CartPole-"):
        fields |= chosen.cartpole_pixels
    if protocol not in (None, "none") and not env_id.startswith("ALE/"):
        raise ConfigError(f"--env.protocol {protocol} is for Atari games; leave it out for {env_id}.")
    if env_id.startswith("ALE/"):
        fields |= chosen.atari
        rules = protocol or fields["env.protocol"]
        fields |= {"env.protocol": rules, **protocol_fields(rules)}
        allowed = allowed_steps(rules)
        if allowed is not None:
            fields["steps"] = allowed
    return with_fields(Config(), fields)


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
