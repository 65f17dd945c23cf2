"""From a configuration to a trainer: the one module that sees environments, networks and learner."""

import copy
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import psutil
import torch

from agents.acting.collector import Collector
from agents.acting.evaluations import Evaluations
from agents.acting.policy import EpsilonGreedyPolicy, GreedyPolicy
from agents.acting.rng import draw_seeds, make_generator
from agents.config import Config, ConfigError
from agents.learning.augmentation import random_shift
from agents.learning.backup import BACKUPS
from agents.learning.dqn import DQN
from agents.learning.optimizers import OPTIMIZERS
from agents.learning.values import VALUES
from agents.memory.prioritized import PrioritizedSampler
from agents.memory.protocol import Memory
from agents.memory.replay import Replay, row_bytes
from agents.memory.rollout import Rollout
from agents.memory.sampling import UniformSampler
from agents.runs.folder import RunFolder
from agents.training.hardware import pick_device, set_up_torch
from agents.training.progress import Window
from agents.training.trainer import Trainer
from envs.factory import check_image, make_vector_env
from envs.families import human_normalised
from envs.spec import EnvSpec, describe
from models.factory import make_network
from models.q_network import QNetwork

MOST_FRAMES = 1_000_000
SHARE_OF_RAM = 0.8  # of what is free; the networks and the environments need some too

REPLANNED = (
    "The run was begun with another --steps: what runs over the whole budget (the learning rate, the "
    "weights of priorities) goes on as the new one has it."
)
NO_LIMIT = (
    "{} is registered without a time limit: episodes of evaluations are cut off after {:,} steps "
    "(--evaluation.max-steps to change it)."
)
CUT = "The environments cannot be saved: games in hand end as truncations, all else goes on exactly."


def reward_threshold(config: Config) -> float | None:
    """Returns the mean return that ends the run, if any."""
    if config.reward_threshold == "auto":
        return describe(config.env).reward_threshold
    return None if config.reward_threshold == "none" else float(config.reward_threshold)


def network_for(config: Config, spec: EnvSpec, device: torch.device) -> QNetwork:
    """Builds the Q-network, from the seed's own generator."""
    output = VALUES[config.learning.value](config.learning).make_output()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(draw_seeds(config.seed, "network", 1)[0])
        try:
            network = make_network(config.network, spec.observation_shape, spec.num_actions, output)
        except ValueError as error:
            raise ConfigError(str(error)) from error
    return network.to(device)


def with_capacity(config: Config, part: float = 1.0) -> tuple[Config, str | None]:
    """Returns the configuration with a memory that fits in RAM where its size was left open.

    Args:
        config: A configuration.
        part: How much of the RAM is this run's, from 0 to 1.

    Returns:
        The configuration, and a sentence about what was chosen, or None.
    """
    if config.memory.capacity is not None or config.memory.kind != "replay":
        return config, None
    spec = describe(config.env)
    each, free = row_bytes(spec.frame_shape, spec.dtype), psutil.virtual_memory().available
    capacity = min(MOST_FRAMES, int(free * SHARE_OF_RAM * part) // each)
    capacity = max(capacity // 10_000 * 10_000, min(capacity, 10_000))  # the same on two days, mostly
    sentence = (
        f"Replay memory of {capacity:,} frames: {capacity * each / 1e9:.1f} GB of {free / 1e9:.1f} GB free "
        "RAM (--memory.capacity to change it)"
    )
    return replace(config, memory=replace(config.memory, capacity=capacity)), sentence


def make_memory(config: Config, spec: EnvSpec, policy: GreedyPolicy) -> Memory:
    """Makes the memory; a rollout reckons its returns by the policy's values."""
    if config.memory.kind == "replay":
        return make_replay(config, spec)
    return Rollout(
        num_steps=config.memory.num_steps,
        num_envs=config.env.num_envs,
        observation_shape=spec.observation_shape,
        dtype=spec.dtype,
        gamma=config.returns.gamma,
        td_lambda=config.returns.td_lambda,
        values=policy.values,
        generator=make_generator(config.seed, "memory"),
    )


def make_replay(config: Config, spec: EnvSpec) -> Replay:
    """Makes the replay memory, if it fits in RAM; its size was decided (`with_capacity`).

    Raises:
        ConfigError: it does not fit, or it is too small to hold anything.
    """
    each = row_bytes(spec.frame_shape, spec.dtype)
    capacity, free = config.memory.capacity, psutil.virtual_memory().available
    assert capacity is not None
    if capacity * each > free:
        raise ConfigError(
            f"--memory.capacity {capacity} needs {capacity * each:,} bytes and {free:,} are free; "
            f"the largest that fits is {free // each}."
        )
    alpha = config.memory.priority_exponent
    try:
        return Replay(
            capacity=capacity,
            num_envs=config.env.num_envs,
            observation_shape=spec.observation_shape,
            frame_stack=spec.frame_stack,
            dtype=spec.dtype,
            n_step=config.returns.n_step,
            gamma=config.returns.gamma,
            generator=make_generator(config.seed, "memory"),
            sampler=partial(PrioritizedSampler, priority_exponent=alpha) if alpha else UniformSampler,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error


def make_agent(config: Config, spec: EnvSpec, device: torch.device) -> DQN:
    """Makes the learner with its networks."""
    online, settings = network_for(config, spec, device), config.learning
    generator = torch.Generator(device)
    generator.manual_seed(draw_seeds(config.seed, "learner", 1)[0])
    return DQN(
        online,
        copy.deepcopy(online) if config.memory.kind == "replay" else None,
        OPTIMIZERS[settings.optimizer](online.parameters(), settings),
        value=VALUES[settings.value](settings),
        backup=BACKUPS[settings.backup](settings),
        double=settings.double,
        tau=config.target.tau,
        max_grad_norm=settings.max_grad_norm,
        ema_rate=settings.ema_rate,
        augment=partial(random_shift, most=settings.shift) if settings.shift else None,
        generator=generator,
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
        check_image(config.env, seeds[0])
    env = make_vector_env(config.env, seeds)
    spec = describe(config.env)
    agent = make_agent(config, spec, device)
    memory = make_memory(config, spec, GreedyPolicy(agent.online, device))
    exploration = make_generator(config.seed, "exploration")
    greedy = GreedyPolicy(agent.online, device, noise=agent.generator)
    policy = EpsilonGreedyPolicy(greedy, env.num_actions, exploration)
    window = Window()
    collector = Collector(env, policy, memory, window.seconds, clip_reward=config.returns.clip_reward)
    evaluations = Evaluations(config, GreedyPolicy(agent.ema_network, device))
    trainer = Trainer(
        config,
        agent=agent,
        memory=memory,
        collector=collector,
        window=window,
        evaluator=evaluations,
        output=folder,
        reward_threshold=reward_threshold(config),
        device=device,
        normalise=partial(human_normalised, config.env.id),
    )
    if folder.saved is None:
        folder.open(resume="exact" if env.exact else CUT)
        if not spec.has_time_limit:
            _say(folder, 0, "evaluation", NO_LIMIT.format(config.env.id, config.evaluation.max_steps))
        collector.start()
        if config.env.obs == "pixels":
            folder.image(0, "observation/first", np.hstack(collector.observation[0]))
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
        _say(folder, trainer.progress.env_steps, "resume", CUT)
    if folder.other_budget and (
        config.learning.learning_rate_end is not None or config.memory.priority_exponent
    ):
        _say(folder, trainer.progress.env_steps, "resume", REPLANNED)
    folder.saved = None  # the memory in it is large
    return trainer, evaluations


def _say(folder: RunFolder, env_steps: int, tag: str, sentence: str) -> None:
    folder.text(env_steps, tag, sentence)
    print(sentence, file=sys.stderr)
