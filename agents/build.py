"""From a configuration to a trainer: the one module that sees environments, networks and learner."""

import copy
import sys
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import psutil
import torch

from agents.config import Config, ConfigError, LearningConfig
from agents.evaluations import Evaluations
from agents.learning.dqn import DQN
from agents.learning.policy import EpsilonGreedyPolicy, GreedyPolicy
from agents.learning.targets import Loss, huber_loss, squared_loss
from agents.memory.replay import Replay, row_bytes
from agents.training.collector import Collector
from agents.training.machine import pick_device, set_up_torch
from agents.training.rng import draw_seeds, make_generator
from agents.training.run_folder import RunFolder
from agents.training.trainer import Trainer, Window
from envs.factory import atari_game, check_picture, make_vector_env, solved_mark
from envs.scores import human_normalised
from envs.vector import VectorEnv
from models.factory import make_network
from models.q_network import QNetwork

OPTIMIZERS: dict[str, Any] = {
    "adam": partial(torch.optim.Adam, fused=True),
    "radam": torch.optim.RAdam,
    # Mnih et al. 2015, Extended Data Table 1: gradient momentum, squared gradient momentum, least square.
    "rmsprop": partial(torch.optim.RMSprop, alpha=0.95, eps=0.01, centered=True),
}
MOST_FRAMES = 1_000_000
SHARE_OF_RAM = 0.8  # of what is free; the networks and the environments need some too

CUT = "The environments cannot be saved: games in hand end as truncations, all else goes on exactly."


def stop_score(config: Config) -> float | None:
    """Returns the mean return that ends the run, if any."""
    if config.stop_score == "auto":
        return solved_mark(config.env.id)
    return None if config.stop_score == "none" else float(config.stop_score)


def network_for(config: Config, env: VectorEnv) -> QNetwork:
    """Builds the Q-network, from the seed's own generator."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(draw_seeds(config.seed, "network", 1)[0])
        try:
            return make_network(config.network, env.observation_shape, env.num_actions)
        except ValueError as error:
            raise ConfigError(str(error)) from error


def _bytes_a_row(config: Config, env: VectorEnv) -> int:
    shape = env.observation_shape
    return row_bytes(shape[1:] if config.env.obs == "pixels" else shape, env.dtype)


def with_capacity(config: Config, part: float = 1.0) -> tuple[Config, str | None]:
    """Returns the configuration with a memory that fits in RAM where its size was left open.

    Args:
        config: A configuration.
        part: How much of the RAM is this run's, from 0 to 1.

    Returns:
        The configuration, and a sentence about what was chosen, or None.
    """
    if config.memory.capacity is not None:
        return config, None
    env = make_vector_env(config.env, [0])
    each, free = _bytes_a_row(config, env), psutil.virtual_memory().available
    env.close()
    capacity = min(MOST_FRAMES, int(free * SHARE_OF_RAM * part) // each)
    capacity = max(capacity // 10_000 * 10_000, min(capacity, 10_000))  # the same on two days, mostly
    sentence = (
        f"Replay memory of {capacity:,} frames: {capacity * each / 1e9:.1f} GB of {free / 1e9:.1f} GB free "
        "RAM (--memory.capacity to change it)"
    )
    return replace(config, memory=replace(config.memory, capacity=capacity)), sentence


def make_memory(config: Config, env: VectorEnv) -> Replay:
    """Makes the replay memory, if it fits in RAM; its size was decided (`with_capacity`).

    Raises:
        ConfigError: it does not fit, or it is too small to hold anything.
    """
    each = _bytes_a_row(config, env)
    capacity, free = config.memory.capacity, psutil.virtual_memory().available
    assert capacity is not None
    if capacity * each > free:
        raise ConfigError(
            f"--memory.capacity {capacity} needs {capacity * each:,} bytes and {free:,} are free; "
            f"the largest that fits is {free // each}."
        )
    try:
        return Replay(
            capacity=capacity,
            num_envs=env.num_envs,
            observation_shape=env.observation_shape,
            dtype=env.dtype,
            stacked=config.env.obs == "pixels",
            n_step=config.learning.n_step,
            gamma=config.learning.gamma,
            generator=make_generator(config.seed, "memory"),
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error


def loss_of(settings: LearningConfig) -> Loss:
    """Returns the loss of a temporal-difference error."""
    return squared_loss if settings.loss == "squared" else partial(huber_loss, delta=settings.huber_delta)


def make_agent(config: Config, env: VectorEnv, device: torch.device) -> DQN:
    """Makes the learner with its two networks."""
    online = network_for(config, env).to(device)
    settings = config.learning
    optimizer = OPTIMIZERS[settings.optimizer](online.parameters(), lr=settings.learning_rate)
    return DQN(
        online,
        copy.deepcopy(online),
        optimizer,
        loss=loss_of(settings),
        double=settings.double,
        tau=settings.tau,
        max_grad_norm=settings.max_grad_norm,
        average=settings.average,
    )


def build_trainer(config: Config, folder: RunFolder) -> tuple[Trainer, Evaluations]:
    """Puts a run together; with a saved one in the folder, it goes on where that stopped.

    Raises:
        ConfigError: something asked for cannot be had.
    """
    set_up_torch(config)
    device = pick_device(config.device)
    seeds = draw_seeds(config.seed, "environments", config.env.num_envs)
    if config.env.obs == "pixels" and folder.saved is None:
        check_picture(config.env, seeds[0])
    env = make_vector_env(config.env, seeds)
    memory = make_memory(config, env)
    agent = make_agent(config, env, device)
    exploration = make_generator(config.seed, "exploration")
    policy = EpsilonGreedyPolicy(GreedyPolicy(agent.online, device), env.num_actions, exploration)
    window = Window()
    collector = Collector(env, policy, memory, window.seconds, clip_reward=config.memory.clip_reward)
    evaluations = Evaluations(config, GreedyPolicy(agent.judged, device))
    trainer = Trainer(
        config,
        agent=agent,
        memory=memory,
        collector=collector,
        window=window,
        evaluator=evaluations,
        output=folder,
        stop_score=stop_score(config),
        device=device,
        normalise=partial(human_normalised, atari_game(config.env.id)),
    )
    if folder.saved is None:
        folder.open(resume="exact" if env.exact else CUT)
        collector.start()
        if config.env.obs == "pixels":
            folder.picture(0, "observation/first", np.hstack(collector.observation[0]))
        return trainer, evaluations
    try:
        trainer.load_state_dict(folder.saved["trainer"])
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ConfigError(
            f"The checkpoint in {folder.path} does not fit this version ({error!r}); go on with it at "
            "the commit named in its config.json."
        ) from error
    folder.open(resume="exact" if env.exact else CUT)
    if not env.exact:
        folder.text(trainer.progress.env_steps, "resume", CUT)
        print(CUT, file=sys.stderr)
    folder.saved = None  # the memory in it is large
    return trainer, evaluations
