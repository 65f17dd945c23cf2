"""Settings of presets that are more than the sum of their parts."""

from agents.config.family import ATARI, CARTPOLE_VIEW, NATURE_ATARI, Settings

FAST: Settings = {
    "all": {
        "network.norm": "layer",
        "returns.n_step": 3,
        "target.tau": 0.05,
        "exploration.epsilon_decay_steps": 5_000,
    },
    "pixels": {
        "learning.ema_rate": 0.005,
        "learning.huber_delta": 8.0,
        "learning.optimizer": "radam",
        "network.torso": "slim",
        "network.hidden": (128,),
        "learning.batch_size": 128,
        "learning.learning_rate": 2e-3,
        "schedule.train_frequency": 4,
    },
    "state": {
        "network.torso": "mlp",
        "network.hidden": (128, 64),
        "learning.double": True,
        "learning.batch_size": 256,
        "learning.learning_rate": 3e-3,
        "schedule.train_frequency": 8,
    },
    "cartpole": {"steps": 80_000},
    "cartpole pixels": CARTPOLE_VIEW,
    "atari": {
        **ATARI,
        "steps": 2_000_000,
        "env.protocol": "ale-v5",
        "env.fire": True,
        "env.size": (42, 42),
        "network.torso": "half",
        "network.hidden": (256,),
        "learning.double": True,
        "returns.n_step": 5,
        "target.tau": 0.01,
        "learning.huber_delta": 1.0,
        "learning.optimizer": "adam",
        "learning.batch_size": 64,
        "learning.learning_rate": 5e-4,
        "exploration.epsilon_decay_steps": 60_000,
        "schedule.learning_starts": 5_000,
        "schedule.train_frequency": 8,
        "evaluation.every": 50_000,
    },
}

CHAPTER: Settings = {
    "all": {
        "reward_threshold": "none",
        "env.num_envs": 1,
        "network.norm": "batch",
        "network.bias": False,
        "network.hidden": (128, 64),
        "learning.learning_rate": 1e-3,
        "learning.batch_size": 32,
        "target.tau": 0.0,
        "memory.capacity": 10_000,
        "schedule.clock": "episodes",
        "schedule.episodes": 100,
        "exploration.epsilon_start": 0.5,
        "exploration.epsilon_end": 0.005,
        "exploration.epsilon_decay_steps": 99,
        "schedule.learning_starts": 0,
        "schedule.gradient_steps": 1_000,
        "target.update_period": 5,
    },
    "pixels": {"network.torso": "nips"},
    "cartpole": {"steps": 80_000},
    "cartpole pixels": CARTPOLE_VIEW,
    "atari": {
        **ATARI,
        "memory.capacity": 10_000,
        "env.protocol": "ale-v5",
        "env.fire": True,
        "evaluation.every": 20_000,
    },
}

NATURE: Settings = {
    "all": {
        "network.torso": "nature",
        "network.hidden": (512,),
        "network.norm": "layer",
        "returns.n_step": 3,
        "target.tau": 0.02,
        "learning.ema_rate": 0.005,
        "learning.huber_delta": 8.0,
        "learning.learning_rate": 5e-4,
        "learning.batch_size": 64,
        "exploration.epsilon_decay_steps": 5_000,
        "schedule.train_frequency": 2,
    },
    "cartpole": {"steps": 80_000},
    "cartpole pixels": {"network.zero_level": 255},
    "atari": {**NATURE_ATARI, "returns.n_step": 1},
}

DER: Settings = {
    "all": {"returns.n_step": 10, "learning.batch_size": 32, "schedule.train_frequency": 1},
    "cartpole": {"learning.learning_rate": 1e-3},
    # Four times as many updates a step as the family's: each blends a quarter.
    "cartpole pixels": {"target.tau": 0.0125, "learning.ema_rate": 0.00125},
    "atari": {
        "steps": 100_000,
        "env.protocol": "atari100k",
        "network.torso": "der",
        "network.hidden": (256,),
        "network.noisy": 0.1,
        "memory.priority_exponent": 0.5,
        "returns.n_step": 20,
        "learning.learning_rate": 1e-4,
        "learning.adam_epsilon": 1.5e-4,
        "learning.max_grad_norm": 10.0,
        "schedule.learning_starts": 1_600,
        "exploration.epsilon_decay_steps": 2_000,  # without noisy layers
        "target.update_period": 2_000,
        "evaluation.every": 10_000,
    },
}

DRQ: Settings = {
    "all": {"returns.n_step": 10, "learning.batch_size": 32, "schedule.train_frequency": 1},
    "cartpole": {"learning.learning_rate": 1e-3},
    "atari": {
        "steps": 100_000,
        "env.protocol": "atari100k",
        "learning.optimizer": "adam",
        "learning.learning_rate": 1e-4,
        "learning.adam_epsilon": 1.5e-4,
        "learning.max_grad_norm": 10.0,
        "exploration.epsilon_end": 0.01,
        "exploration.epsilon_decay_steps": 5_000,
        "schedule.learning_starts": 1_600,
        "target.tau": 1.0,  # a copy after every update
        "target.update_period": 0,
        "evaluation.every": 10_000,
    },
}

PQN: Settings = {
    "all": {
        "memory.kind": "rollout",
        "target.tau": 0.0,
        "learning.optimizer": "radam",
        "learning.max_grad_norm": 10.0,
        "target.update_period": 0,
    },
    "cartpole": {
        "env.num_envs": 16,
        "memory.num_steps": 64,
        "returns.td_lambda": 0.95,
        "memory.update_epochs": 4,
        "learning.batch_size": 64,
        "learning.learning_rate": 1e-3,
    },
    "cartpole pixels": {"steps": 200_000},
    "atari": {
        "network.norm": "layer",
        "env.num_envs": 128,
        "memory.num_steps": 32,
        "returns.td_lambda": 0.65,
        "memory.update_epochs": 2,
        "learning.loss": "squared",
        "learning.batch_size": 128,
        "learning.optimizer": "radam",
        "exploration.epsilon_end": 0.001,
        "exploration.epsilon_decay_steps": 5_000_000,
    },
}

BTR: Settings = {
    "all": {"learning.num_quantiles": 8, "memory.priority_exponent": 0.2},
    "cartpole pixels": {
        "network.torso": "impala",
        "network.spectral": True,
        "schedule.train_frequency": 8,
    },
    "atari": {
        "env.num_envs": 64,
        "network.torso": "impala",
        "network.width": 2,
        "network.spectral": True,
        "network.pool": 6,
        "returns.gamma": 0.997,
        "learning.optimizer": "adamw",
        "learning.learning_rate": 1e-4,
        "learning.adam_epsilon": 0.005 / 256,
        "learning.batch_size": 256,
        "learning.max_grad_norm": 10.0,
        "schedule.learning_starts": 200_000,
        "schedule.train_frequency": 64,
        "target.update_period": 32_000,
        "exploration.epsilon_start": 1.0,
        "exploration.epsilon_end": 0.01,
        "exploration.epsilon_decay_steps": 2_000_000,
    },
}
