"""Base algorithms, as functions from configuration to configuration.

Settings and functions compose into functions: `compose(small, returns(n_step=3), when(on_atari, double))`.
Papers and summaries stand in `presets.py`.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeAlias

from agents.config import sections
from agents.config.config import Config, with_fields
from envs.config import EnvConfig, Observation
from envs.families import family_of
from models.config import NetworkConfig

Algorithm: TypeAlias = Callable[[Config], Config]
Condition: TypeAlias = Callable[[Config], bool]
Settings: TypeAlias = dict[str, object]  # values by dotted name

P = ParamSpec("P")


def _settings(prefix: str, _like: Callable[P, object]) -> Callable[P, Settings]:
    """Return a function of settings with the typed signature of a section."""

    def settings(*_: P.args, **values: P.kwargs) -> Settings:
        return {prefix + name: value for name, value in values.items()}

    return settings


run = _settings("", Config)
env = _settings("env.", EnvConfig)
network = _settings("network.", NetworkConfig)
learning = _settings("learning.", sections.LearningConfig)
returns = _settings("returns.", sections.ReturnsConfig)
target = _settings("target.", sections.TargetConfig)
exploration = _settings("exploration.", sections.ExplorationConfig)
memory = _settings("memory.", sections.MemoryConfig)
schedule = _settings("schedule.", sections.ScheduleConfig)
evaluation = _settings("evaluation.", sections.EvaluationConfig)


def compose(*layers: Settings | Algorithm) -> Algorithm:
    """Return the function that applies layers in order, neighbouring settings in one step."""

    def algorithm(config: Config) -> Config:
        settings: Settings = {}
        for layer in layers:
            if isinstance(layer, dict):
                settings |= layer
            else:
                config, settings = layer(with_fields(config, settings)), {}
        return with_fields(config, settings)

    return algorithm


def when(condition: Condition, *layers: Settings | Algorithm) -> Algorithm:
    """Return the function that applies layers to configurations that meet a condition."""
    algorithm = compose(*layers)
    return lambda config: algorithm(config) if condition(config) else config


def _in_family(name: str) -> Condition:
    return lambda config: family_of(config.env.id).name == name


def _observes(obs: Observation) -> Condition:
    return lambda config: config.env.obs == obs


on_atari, on_cartpole = _in_family("atari"), _in_family("cartpole")
from_pixels, from_state = _observes("pixels"), _observes("state")


def on_cartpole_pixels(config: Config) -> bool:
    """Whether the environment is CartPole and observations are images."""
    return on_cartpole(config) and from_pixels(config)


atari = compose(
    run(log_every=1_000, checkpoint_seconds=600.0),
    memory(capacity=None),
    returns(clip_reward=True),
    evaluation(episodes=10, num_envs=10, solved_episodes=30, video_frames=3_000),
)
"""Settings that all Atari presets share."""

cartpole_view = compose(
    env(crop=(160, 320, 0, 600), size=(16, 60), frame_stack=4), network(torso="small", zero_level=255)
)
"""CartPole's screen, cropped and shrunk to a tenth of its size.

The rows are those from the pole's highest tip to the cart's lower edge. The grays still resolve parts of a
pixel. One image does not show the last push, whose effect appears only in the next one: hence the stack.
"""

nature_atari = compose(
    atari,
    run(steps=50_000_000),
    network(torso="nature", hidden=(512,), norm="none"),
    when(from_state, network(torso="mlp", hidden=(512, 512))),
    target(tau=0.0, update_period=10_000),
    learning(ema_rate=0.0, huber_delta=1.0, optimizer="rmsprop", learning_rate=2.5e-4, batch_size=32),
    exploration(epsilon_end=0.1, epsilon_decay_steps=1_000_000),
    schedule(learning_starts=50_000, train_frequency=4),
    evaluation(every=250_000),
)
"""Extended Data Table 1 of Mnih et al. 2015 (doi:10.1038/nature14236); from RAM with an MLP as wide."""

small = compose(
    network(norm="layer"),
    target(tau=0.05),
    when(
        from_pixels,
        learning(ema_rate=0.005, optimizer="radam", batch_size=64, learning_rate=2e-3),
        network(torso="slim", hidden=(128,)),
        schedule(train_frequency=4),
    ),
    when(
        from_state,
        learning(batch_size=256, learning_rate=3e-3),
        network(torso="mlp", hidden=(128, 64)),
        schedule(train_frequency=8),
    ),
)
"""A small network with LayerNorm and an averaged target."""

short_cartpole = compose(when(on_cartpole, run(steps=80_000)), when(on_cartpole_pixels, cartpole_view))
"""CartPole's own view, for 80,000 steps."""

# Base algorithms.

fast = compose(
    small,
    returns(n_step=3),
    when(from_pixels, learning(huber_delta=8.0, batch_size=128)),
    when(from_state, learning(double=True)),
    short_cartpole,
    when(
        on_atari,
        atari,
        run(steps=1_000_000),
        env(num_envs=16, fire=True),
        when(from_pixels, env(size=(42, 42)), network(torso="half", hidden=(256,), norm="layer-all")),
        when(from_state, network(hidden=(512, 256))),
        memory(kind="rollout", num_steps=128, update_epochs=2),
        returns(n_step=1, td_lambda=0.95),
        target(tau=0.0),
        learning(double=False, optimizer="radam", loss="squared", batch_size=128, max_grad_norm=10.0),
        learning(learning_rate=5e-4, learning_rate_end=5e-5, ema_rate=0.002),
        exploration(epsilon_end=0.01, epsilon_decay_steps=60_000),
        evaluation(every=100_000),
    ),
)
"""On Atari, PQN (Gallici et al. 2024, arXiv:2407.04811) with fewer, longer rollouts and a small network."""

chapter = compose(
    run(reward_threshold="none"),
    env(num_envs=1),
    network(norm="batch", bias=False, hidden=(128, 64)),
    learning(learning_rate=1e-3, batch_size=32),
    target(tau=0.0, update_period=5),
    memory(capacity=10_000),
    exploration(epsilon_start=0.5, epsilon_end=0.005, epsilon_decay_steps=99),
    schedule(clock="episodes", episodes=100, learning_starts=0, gradient_steps=1_000),
    when(from_pixels, network(torso="nips")),
    short_cartpole,
    when(on_atari, atari, memory(capacity=10_000), env(fire=True), evaluation(every=20_000)),
)

nature = compose(
    network(torso="nature", hidden=(512,), norm="layer"),
    returns(n_step=3),
    target(tau=0.02),
    learning(ema_rate=0.005, huber_delta=8.0, learning_rate=5e-4, batch_size=64),
    schedule(train_frequency=2),
    when(on_cartpole, run(steps=80_000), network(zero_level=255)),
    when(on_atari, nature_atari, returns(n_step=1)),
)

dqn = compose(
    small,
    when(on_atari, nature_atari),
    short_cartpole,
    when(
        on_cartpole_pixels,
        memory(capacity=100_000),
        env(action_repeat=2),
        learning(huber_delta=100.0, learning_rate_end=1e-4),
    ),
    when(on_cartpole, when(from_state, run(steps=200_000))),
)
"""Plain DQN, the common base of the family.

From pixels: a push changes velocities, which the next image does not show: with one image per action,
one-step targets cannot tell actions apart. Falls are rare and decide everything: an error of 100 must count
as one. At a constant learning rate large scores hover below the reward threshold, and once the memory no
longer holds falls, they sink.
"""
