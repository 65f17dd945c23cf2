"""The settings that presets are made of: what all share, and what each part of the family adds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Fields = Mapping[str, Any]  # dotted names of configuration fields and their values
Settings = Mapping[str, Fields]
"""Fields by where they hold: `all`, `pixels` or `state`, `cartpole`, `cartpole pixels`, `atari`; where
several do, the later word counts."""
WHERE = ("all", "pixels", "state", "cartpole", "cartpole pixels", "cartpole state", "atari")

# What every preset does with Atari games.
ATARI: Fields = {
    "memory.capacity": None,
    "returns.clip_reward": True,
    "evaluation.episodes": 10,
    "evaluation.num_envs": 10,
    "evaluation.solved_episodes": 30,
    "evaluation.video_frames": 3_000,
    "log_every": 1_000,
    "checkpoint_seconds": 600.0,
}

# The rows between the highest tip of the pole and the cart's lower edge, in full width, shrunk to a
# tenth: the grays still tell parts of a pixel. One image tells nothing of the last push, whose
# effect shows only in the next: hence the stack.
CARTPOLE_VIEW: Fields = {
    "env.crop": (160, 320, 0, 600),
    "env.size": (16, 60),
    "env.frame_stack": 4,
    "network.torso": "small",
    "network.zero_level": 255,
}

# Mnih et al. 2015, Extended Data Table 1, and the protocol it was measured under.
NATURE_ATARI: Fields = {
    **ATARI,
    "steps": 50_000_000,
    "env.protocol": "nature",
    "network.torso": "nature",
    "network.hidden": (512,),
    "network.norm": "none",
    "target.tau": 0.0,
    "learning.ema_rate": 0.0,
    "learning.huber_delta": 1.0,
    "learning.optimizer": "rmsprop",
    "learning.learning_rate": 2.5e-4,
    "learning.batch_size": 32,
    "exploration.epsilon_end": 0.1,
    "exploration.epsilon_decay_steps": 1_000_000,
    "schedule.learning_starts": 50_000,
    "schedule.train_frequency": 4,
    "target.update_period": 10_000,
    "evaluation.every": 250_000,
}

# What the members of the family share, so that they differ in their parts only.
FAMILY: Settings = {
    "all": {
        "network.norm": "layer",
        "target.tau": 0.05,
        "exploration.epsilon_decay_steps": 5_000,
    },
    "pixels": {
        "learning.ema_rate": 0.005,
        "learning.optimizer": "radam",
        "network.torso": "slim",
        "network.hidden": (128,),
        "learning.batch_size": 64,
        "learning.learning_rate": 2e-3,
        "schedule.train_frequency": 4,
    },
    "state": {
        "network.torso": "mlp",
        "network.hidden": (128, 64),
        "learning.batch_size": 256,
        "learning.learning_rate": 3e-3,
        "schedule.train_frequency": 8,
    },
    "cartpole": {"steps": 200_000},
    # A push changes velocities, which the next image does not show: where an action lasts for one
    # image, one-step targets cannot tell actions apart. Falls are rare and decide everything: an error
    # of 100 must count as one. With steps that stay large scores hover below the reward
    # threshold, and once the memory has forgotten how one falls, they sink.
    "cartpole pixels": {
        **CARTPOLE_VIEW,
        "steps": 80_000,
        "memory.capacity": 100_000,
        "env.action_repeat": 2,
        "learning.huber_delta": 100.0,
        "learning.learning_rate_end": 1e-4,
    },
    "atari": NATURE_ATARI,
}


@dataclass(frozen=True)
class Part:
    """One idea, that `--without` takes out of a preset again."""

    paper: str
    settings: Settings


PARTS: dict[str, Part] = {
    "double": Part("van Hasselt et al. 2016, arXiv:1509.06461", {"all": {"learning.double": True}}),
    "dueling": Part("Wang et al. 2016, arXiv:1511.06581", {"all": {"network.dueling": True}}),
    "n-step": Part("Sutton 1988, doi:10.1007/BF00115009", {"all": {"returns.n_step": 3}}),
    "noisy": Part(
        "Fortunato et al. 2018, arXiv:1706.10295",
        {
            "all": {"network.noisy": 0.5, "exploration.epsilon_start": 0.0, "exploration.epsilon_end": 0.0},
        },
    ),
    "c51": Part(
        "Bellemare et al. 2017, arXiv:1707.06887",
        {
            "all": {"learning.value": "categorical", "learning.num_atoms": 51},
            "cartpole": {"learning.v_min": 0.0, "learning.v_max": 100.0},
            "cartpole pixels": {"learning.v_min": 0.0, "learning.v_max": 200.0},
            "atari": {
                "learning.v_min": -10.0,
                "learning.v_max": 10.0,
                "learning.optimizer": "adam",
                "learning.adam_epsilon": 0.01 / 32,
            },
        },
    ),
    "qr-dqn": Part(
        "Dabney et al. 2018, arXiv:1710.10044",
        {
            "all": {
                "learning.value": "quantile",
                "learning.num_quantiles": 200,
                "learning.huber_delta": 1.0,
            },
            "cartpole": {"learning.num_quantiles": 51},
            "atari": {
                "learning.optimizer": "adam",
                "learning.learning_rate": 5e-5,
                "learning.adam_epsilon": 0.01 / 32,
                "exploration.epsilon_end": 0.01,
            },
        },
    ),
    "iqn": Part(
        "Dabney et al. 2018, arXiv:1806.06923",
        {
            "all": {
                "learning.value": "iqn",
                "learning.num_quantiles": 64,
                "learning.huber_delta": 1.0,
            },
            "cartpole": {"learning.num_quantiles": 8},
            "atari": {
                "learning.optimizer": "adam",
                "learning.learning_rate": 5e-5,
                "learning.adam_epsilon": 0.01 / 32,
                "exploration.epsilon_end": 0.01,
            },
        },
    ),
    "munchausen": Part(
        "Vieillard et al. 2020, arXiv:2007.14430",
        {
            "all": {"learning.backup": "munchausen"},
            "atari": {
                "schedule.learning_starts": 20_000,
                "target.update_period": 8_000,
                "exploration.epsilon_decay_steps": 250_000,
                "learning.optimizer": "adam",
                "learning.learning_rate": 5e-5,
                "learning.adam_epsilon": 0.01 / 32,
                "exploration.epsilon_end": 0.01,
            },
        },
    ),
    "shift": Part(
        "Kostrikov et al. 2021, arXiv:2004.13649",
        {"all": {"learning.shift": 4}, "cartpole": {"learning.shift": 1}},
    ),
    "prioritized": Part(
        "Schaul et al. 2016, arXiv:1511.05952",
        {
            "all": {"memory.priority_exponent": 0.6, "memory.importance_sampling_exponent": 0.4},
            "atari": {"learning.learning_rate": 2.5e-4 / 4},
        },
    ),
}
