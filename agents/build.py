"""Making of a run: environments, network, memory and learner from a configuration."""

import copy
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from agents.acting.collector import Collector
from agents.acting.episodes import ShouldStop, never
from agents.acting.evaluator import Evaluator
from agents.acting.image_check import check_image
from agents.acting.policy import EpsilonGreedyPolicy, GreedyPolicy
from agents.acting.rng import draw_seeds, make_generator
from agents.config import Config, ConfigError
from agents.learning.augmentation import random_shift
from agents.learning.backup import BACKUPS
from agents.learning.dqn import DQN
from agents.learning.optimizers import OPTIMIZERS
from agents.learning.values import VALUES
from agents.memory import Memory
from agents.memory.capacity import check_capacity, choose_capacity, row_bytes
from agents.memory.replay import Replay
from agents.memory.rollout import Rollout
from agents.runs.checkpoint import RunCheckpoint
from agents.runs.folder import RunFolder
from agents.runs.reader import with_saved_capacity
from agents.runs.summary import Summary
from agents.training.evaluation import EvaluationRule
from agents.training.hardware import pick_device, set_up_torch
from agents.training.launch import complete
from agents.training.progress import Progress
from agents.training.stopwatch import Stopwatch
from agents.training.trainer import Trainer
from envs.factory import make_vector_env
from envs.spec import EnvSpec, describe
from models.factory import make_network
from models.q_network import QNetwork

NEW_BUDGET = (
    "The run is resumed with another --steps: the learning rate and the importance-sampling exponent "
    "change over the new budget from now on."
)
NO_LIMIT = (
    "{} is registered without a time limit: episodes of evaluations are cut off after {:,} steps "
    "(--evaluation.max-steps to change it)."
)
EXACT = "exact"
TRUNCATED = (
    "The environments cannot be saved: episodes in progress end as truncations, all else resumes exactly."
)


def reward_threshold(config: Config) -> float | None:
    """Return the mean return that ends the run, if any."""
    if config.reward_threshold == "auto":
        return describe(config.env).reward_threshold
    return None if config.reward_threshold == "none" else float(config.reward_threshold)


def network_for(config: Config, spec: EnvSpec, device: torch.device) -> QNetwork:
    """Build the Q-network, initialised from the run's seed."""
    output = VALUES[config.learning.value](config.learning).make_output()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(draw_seeds(config.seed, "network", 1)[0])
        try:
            network = make_network(config.network, spec.observation_shape, spec.num_actions, output)
        except ValueError as error:
            raise ConfigError(str(error)) from error
    return network.to(device)


def with_capacity(config: Config, part: float = 1.0) -> tuple[Config, str | None]:
    """Choose the capacity of a memory of open size to fit in a part of the RAM, 0 to 1.

    Returns:
        The configuration, and a sentence about the choice or None.
    """
    if config.memory.capacity is not None or config.memory.kind != "replay":
        return config, None
    spec = describe(config.env)
    capacity, sentence = choose_capacity(_row_bytes(config, spec), part)
    return replace(config, memory=replace(config.memory, capacity=capacity)), sentence


def _row_bytes(config: Config, spec: EnvSpec) -> int:
    return row_bytes(spec.frame_shape, spec.dtype, prioritized=config.memory.priority_exponent > 0)


def make_memory(config: Config, spec: EnvSpec, acting: GreedyPolicy, quiet: GreedyPolicy) -> Memory:
    """Make the memory; a rollout's returns need action values without noise.

    They are those that `acting` chose by, where it drew no noise, else those of `quiet`, which draws none.
    """
    if config.memory.kind == "replay":
        return make_replay(config, spec)
    return Rollout(
        num_steps=config.memory.num_steps,
        num_envs=config.env.num_envs,
        observation_shape=spec.observation_shape,
        dtype=spec.dtype,
        gamma=config.returns.gamma,
        td_lambda=config.returns.td_lambda,
        values=quiet.values,
        latest=acting.take_values,
        generator=make_generator(config.seed, "memory"),
    )


def make_replay(config: Config, spec: EnvSpec) -> Replay:
    """Make the replay memory, of the capacity from `with_capacity`.

    Raises:
        ConfigError: it does not fit in RAM, or is too small.
    """
    capacity = config.memory.capacity
    assert capacity is not None
    try:
        check_capacity(capacity, _row_bytes(config, spec))
        return Replay(
            capacity=capacity,
            num_envs=config.env.num_envs,
            observation_shape=spec.observation_shape,
            frame_stack=spec.frame_stack,
            dtype=spec.dtype,
            n_step=config.returns.n_step,
            gamma=config.returns.gamma,
            generator=make_generator(config.seed, "memory"),
            priority_exponent=config.memory.priority_exponent,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error


def make_agent(config: Config, spec: EnvSpec, device: torch.device) -> DQN:
    """Make the learner with its networks."""
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


def compose(config: Config, folder: RunFolder) -> Trainer:
    """Make a trainer that is neither started nor restored.

    Raises:
        ConfigError: the configuration is impossible here.
    """
    set_up_torch(config)
    device, spec = pick_device(config.device), describe(config.env)
    env = make_vector_env(config.env, draw_seeds(config.seed, "environments", config.env.num_envs))
    agent = make_agent(config, spec, device)
    progress, stopwatch = Progress(), Stopwatch()
    greedy = GreedyPolicy(agent.online, device, noise=agent.generator)
    memory = make_memory(config, spec, greedy, GreedyPolicy(agent.online, device))
    policy = EpsilonGreedyPolicy(greedy, env.num_actions, make_generator(config.seed, "exploration"))
    evaluation = EvaluationRule(
        config=config,
        evaluator=Evaluator(config, GreedyPolicy(agent.ema_network, device)),
        progress=progress,
        folder=folder,
        reward_threshold=reward_threshold(config),
    )
    return Trainer(
        config=config,
        progress=progress,
        stopwatch=stopwatch,
        agent=agent,
        memory=memory,
        collector=Collector(env, policy, memory, clip_reward=config.returns.clip_reward, lap=stopwatch.lap),
        evaluation=evaluation,
        folder=folder,
        device=device,
    )


def start(trainer: Trainer, folder: RunFolder) -> None:
    """Open a new run's folder and reset its environments."""
    config, exact = trainer.config, trainer.collector.env.exact
    folder.open(resume=EXACT if exact else TRUNCATED)
    if not describe(config.env).has_time_limit:
        _tell(folder, 0, "evaluation", NO_LIMIT.format(config.env.id, config.evaluation.max_steps))
    observation = trainer.collector.start()
    if config.env.obs == "pixels":
        folder.log(0, {"observation/first": np.hstack(observation[0])})


def restore(trainer: Trainer, folder: RunFolder, saved: RunCheckpoint) -> None:
    """Restore a saved run and open its folder.

    Raises:
        ConfigError: the checkpoint is of another version.
    """
    config, exact = trainer.config, trainer.collector.env.exact
    try:
        trainer.load_state_dict(saved.trainer)
    except (ArithmeticError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise folder.misfit(error) from error
    previous = folder.previous or config
    trainer.evaluation.resume(new_threshold=previous.reward_threshold != config.reward_threshold)
    folder.open(saved, resume=EXACT if exact else TRUNCATED)
    if not exact:
        _tell(folder, saved.env_steps, "resume", TRUNCATED)
    by_budget = config.learning.learning_rate_end is not None or config.memory.priority_exponent
    if previous.steps != config.steps and by_budget:
        _tell(folder, saved.env_steps, "resume", NEW_BUDGET)


def build_trainer(config: Config, folder: RunFolder) -> Trainer:
    """Make the trainer of a new run, or of the one in the folder.

    Raises:
        ConfigError: as `compose` and `restore`, or the image shows nothing.
    """
    saved = folder.read_checkpoint()
    if saved is None and config.env.obs == "pixels":
        check_image(config.env, draw_seeds(config.seed, "environments", 1)[0])
    trainer = compose(config, folder)
    if saved is None:
        start(trainer, folder)
    else:
        restore(trainer, folder, saved)
    return trainer


def train(
    config: Config,
    folder: Path,
    *,
    resume: bool = False,
    should_stop: ShouldStop = never,
    on_open: Callable[[], None] = lambda: None,
) -> Summary | None:
    """Train an agent under a progress bar; everything is written to a run folder.

    Args:
        config: As `agents.config.presets.preset_config` returns.
        folder: New, or that of a run to resume.
        resume: Whether a run in the folder is resumed.
        should_stop: Called between any two updates or steps; a stopped run has saved.
        on_open: Called just before the folder is made.

    Returns:
        The summary; None if the run was stopped before its end.

    Raises:
        ConfigError: the configuration is impossible here, or the folder holds something else.
    """
    config, sentence = with_capacity(with_saved_capacity(config, folder))
    with closing(RunFolder(folder, config, resume=resume, on_open=on_open)) as run:
        trainer = build_trainer(config, run)
        if sentence:
            print(sentence, file=sys.stderr)
        return complete(trainer, run, should_stop)


def _tell(folder: RunFolder, env_steps: int, tag: str, sentence: str) -> None:
    folder.log(env_steps, {tag: sentence})
    print(sentence, file=sys.stderr)
