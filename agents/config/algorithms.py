"""Base algorithms, as functions from configuration to configuration.

A function applies its settings for the environment and the observations of the configuration it gets.
Functions compose: `noisy(c51(dqn(config)))`. Papers and summaries stand in `presets.py`.
"""

from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeAlias

from agents.config.config import Config, with_fields
from agents.config.sections import (
    EvaluationConfig,
    ExplorationConfig,
    LearningConfig,
    MemoryConfig,
    ReturnsConfig,
    ScheduleConfig,
    TargetConfig,
)
from envs.config import EnvConfig
from envs.families import family_of, is_atari
from models.config import NetworkConfig

Algorithm: TypeAlias = Callable[[Config], Config]
Settings: TypeAlias = Mapping[str, object]  # values by dotted name

P = ParamSpec("P")


def _settings(section: str, _like: Callable[P, object]) -> Callable[P, Settings]:
    """Return a function of settings with the typed signature of a section."""

    def settings(*_: P.args, **values: P.kwargs) -> Settings:
        return {f"{section}{name}": value for name, value in values.items()}

    return settings


run = _settings("", Config)
env = _settings("env.", EnvConfig)
network = _settings("network.", NetworkConfig)
learning = _settings("learning.", LearningConfig)
returns = _settings("returns.", ReturnsConfig)
target = _settings("target.", TargetConfig)
exploration = _settings("exploration.", ExplorationConfig)
memory = _settings("memory.", MemoryConfig)
schedule = _settings("schedule.", ScheduleConfig)
evaluation = _settings("evaluation.", EvaluationConfig)


def change(config: Config, *settings: Settings) -> Config:
    """Return the configuration with these settings, applied in one step."""
    return with_fields(config, {name: value for group in settings for name, value in group.items()})


def on_atari(config: Config) -> bool:
    """Whether the environment is an Atari game."""
    return is_atari(config.env.id)


def on_cartpole(config: Config) -> bool:
    """Whether the environment is CartPole."""
    return family_of(config.env.id).name == "cartpole"


def from_pixels(config: Config) -> bool:
    """Whether observations are images."""
    return config.env.obs == "pixels"


def unchanged(config: Config) -> Config:
    """Return the configuration itself."""
    return config


def atari(config: Config) -> Config:
    """Apply the settings that all Atari presets share."""
    return change(
        config,
        run(log_every=1_000, checkpoint_seconds=600.0),
        memory(capacity=None),
        returns(clip_reward=True),
        evaluation(episodes=10, num_envs=10, solved_episodes=30, video_frames=3_000),
    )


def cartpole_view(config: Config) -> Config:
    """Crop and shrink CartPole's screen to a tenth of its size.

    The rows are those from the pole's highest tip to the cart's lower edge. The grays still resolve parts
    of a pixel. One image does not show the last push, whose effect appears only in the next one: hence the
    stack.
    """
    return change(
        config,
        env(crop=(160, 320, 0, 600), size=(16, 60), frame_stack=4),
        network(torso="small", zero_level=255),
    )


def nature_atari(config: Config) -> Config:
    """Apply Extended Data Table 1 of Mnih et al. 2015 (doi:10.1038/nature14236)."""
    return change(
        atari(config),
        run(steps=50_000_000),
        network(torso="nature", hidden=(512,), norm="none"),
        target(tau=0.0, update_period=10_000),
        learning(ema_rate=0.0, huber_delta=1.0, optimizer="rmsprop", learning_rate=2.5e-4, batch_size=32),
        exploration(epsilon_end=0.1, epsilon_decay_steps=1_000_000),
        schedule(learning_starts=50_000, train_frequency=4),
        evaluation(every=250_000),
    )


def small(config: Config) -> Config:
    """Apply a small network with LayerNorm and an averaged target."""
    config = change(config, network(norm="layer"), target(tau=0.05), exploration(epsilon_decay_steps=5_000))
    if from_pixels(config):
        return change(
            config,
            learning(ema_rate=0.005, optimizer="radam", batch_size=64, learning_rate=2e-3),
            network(torso="slim", hidden=(128,)),
            schedule(train_frequency=4),
        )
    return change(
        config,
        learning(batch_size=256, learning_rate=3e-3),
        network(torso="mlp", hidden=(128, 64)),
        schedule(train_frequency=8),
    )


# Base algorithms.


def fast(config: Config) -> Config:
    """Apply the settings that learn fastest here, by measurement."""
    config = change(small(config), returns(n_step=3))
    if from_pixels(config):
        config = change(config, learning(huber_delta=8.0, batch_size=128))
    else:
        config = change(config, learning(double=True))
    if on_cartpole(config):
        config = change(config, run(steps=80_000))
        return cartpole_view(config) if from_pixels(config) else config
    if not on_atari(config):
        return config
    return change(
        atari(config),
        run(steps=2_000_000),
        env(fire=True, size=(42, 42)),
        network(torso="half", hidden=(256,)),
        learning(double=True, huber_delta=1.0, optimizer="adam", batch_size=64, learning_rate=5e-4),
        returns(n_step=5),
        target(tau=0.01),
        exploration(epsilon_decay_steps=60_000),
        schedule(learning_starts=5_000, train_frequency=8),
        evaluation(every=50_000),
    )


def chapter(config: Config) -> Config:
    """Apply the textbook's recipe, in episodes."""
    config = change(
        config,
        run(reward_threshold="none"),
        env(num_envs=1),
        network(norm="batch", bias=False, hidden=(128, 64)),
        learning(learning_rate=1e-3, batch_size=32),
        target(tau=0.0, update_period=5),
        memory(capacity=10_000),
        exploration(epsilon_start=0.5, epsilon_end=0.005, epsilon_decay_steps=99),
        schedule(clock="episodes", episodes=100, learning_starts=0, gradient_steps=1_000),
    )
    if from_pixels(config):
        config = change(config, network(torso="nips"))
    if on_cartpole(config):
        config = change(config, run(steps=80_000))
        return cartpole_view(config) if from_pixels(config) else config
    if not on_atari(config):
        return config
    return change(atari(config), memory(capacity=10_000), env(fire=True), evaluation(every=20_000))


def nature(config: Config) -> Config:
    """Apply the Nature network; on Atari all of Mnih et al. 2015."""
    config = change(
        config,
        network(torso="nature", hidden=(512,), norm="layer"),
        returns(n_step=3),
        target(tau=0.02),
        learning(ema_rate=0.005, huber_delta=8.0, learning_rate=5e-4, batch_size=64),
        exploration(epsilon_decay_steps=5_000),
        schedule(train_frequency=2),
    )
    if on_cartpole(config):
        return change(config, run(steps=80_000), network(zero_level=255))
    return change(nature_atari(config), returns(n_step=1)) if on_atari(config) else config


def dqn(config: Config) -> Config:
    """Apply plain DQN, the common base of the family."""
    config = small(config)
    if on_atari(config):
        return nature_atari(config)
    if not on_cartpole(config):
        return config
    if not from_pixels(config):
        return change(config, run(steps=200_000))
    # A push changes velocities, which the next image does not show: with one image per action,
    # one-step targets cannot tell actions apart. Falls are rare and decide everything: an error of 100
    # must count as one. At a constant learning rate large scores hover below the reward threshold, and
    # once the memory no longer holds falls, they sink.
    return change(
        cartpole_view(config),
        run(steps=80_000),
        memory(capacity=100_000),
        env(action_repeat=2),
        learning(huber_delta=100.0, learning_rate_end=1e-4),
    )
