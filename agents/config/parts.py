"""Parts of the DQN family: functions that each add one idea.

`--without` leaves a part out. Functions with the name of a preset tune a part, or apply
settings, for that preset alone.
"""

from agents.config.algorithms import (
    change,
    env,
    evaluation,
    exploration,
    from_pixels,
    learning,
    memory,
    network,
    on_atari,
    on_cartpole,
    returns,
    run,
    schedule,
    target,
)
from agents.config.config import Config


def double(config: Config) -> Config:
    """Add Double DQN (van Hasselt et al. 2016)."""
    return change(config, learning(double=True))


def dueling(config: Config) -> Config:
    """Add dueling streams (Wang et al. 2016)."""
    return change(config, network(dueling=True))


def n_step(config: Config) -> Config:
    """Add multi-step returns (Sutton 1988)."""
    return change(config, returns(n_step=3))


def noisy(config: Config) -> Config:
    """Explore with noisy networks (Fortunato et al. 2018)."""
    return change(config, network(noisy=0.5), exploration(epsilon_start=0.0, epsilon_end=0.0))


def prioritized(config: Config) -> Config:
    """Add prioritised replay (Schaul et al. 2016)."""
    config = change(config, memory(priority_exponent=0.6, importance_sampling_exponent=0.4))
    return change(config, learning(learning_rate=2.5e-4 / 4)) if on_atari(config) else config


def shift(config: Config) -> Config:
    """Add random shifts of images (Kostrikov et al. 2021)."""
    return change(config, learning(shift=1 if on_cartpole(config) else 4))


def c51(config: Config) -> Config:
    """Predict a categorical distribution (Bellemare et al. 2017)."""
    config = change(config, learning(value="categorical", num_atoms=51))
    if on_cartpole(config):
        return change(config, learning(v_min=0.0, v_max=200.0 if from_pixels(config) else 100.0))
    if not on_atari(config):
        return config
    return change(config, learning(v_min=-10.0, v_max=10.0, optimizer="adam", adam_epsilon=0.01 / 32))


def _adam_of_dabney(config: Config) -> Config:
    """Apply the Atari optimiser and exploration of QR-DQN, IQN and Munchausen."""
    return change(
        config,
        learning(optimizer="adam", learning_rate=5e-5, adam_epsilon=0.01 / 32),
        exploration(epsilon_end=0.01),
    )


def qr_dqn(config: Config) -> Config:
    """Predict quantiles (Dabney et al. 2018)."""
    num_quantiles = 51 if on_cartpole(config) else 200
    config = change(config, learning(value="quantile", num_quantiles=num_quantiles, huber_delta=1.0))
    return _adam_of_dabney(config) if on_atari(config) else config


def iqn(config: Config) -> Config:
    """Predict quantiles at random levels (Dabney et al. 2018)."""
    num_quantiles = 8 if on_cartpole(config) else 64
    config = change(config, learning(value="iqn", num_quantiles=num_quantiles, huber_delta=1.0))
    return _adam_of_dabney(config) if on_atari(config) else config


def munchausen(config: Config) -> Config:
    """Add the log-policy bonus (Vieillard et al. 2020)."""
    config = change(config, learning(backup="munchausen"))
    if not on_atari(config):
        return config
    return change(
        _adam_of_dabney(config),
        schedule(learning_starts=20_000),
        target(update_period=8_000),
        exploration(epsilon_decay_steps=250_000),
    )


def der_n_step(config: Config) -> Config:
    """Add the longer returns of data-efficient Rainbow."""
    return change(config, returns(n_step=20 if on_atari(config) else 10))


def der_noisy(config: Config) -> Config:
    """Add noisy networks, with the weaker noise of data-efficient Rainbow on Atari."""
    config = noisy(config)
    return change(config, network(noisy=0.1)) if on_atari(config) else config


def der_prioritized(config: Config) -> Config:
    """Add priorities, with the weaker ones of data-efficient Rainbow on Atari."""
    config = prioritized(config)
    return change(config, memory(priority_exponent=0.5)) if on_atari(config) else config


def der(config: Config) -> Config:
    """Apply data-efficient Rainbow's own settings: a gradient step per agent step."""
    config = change(config, learning(batch_size=32), schedule(train_frequency=1))
    if on_atari(config):
        return change(
            config,
            run(steps=100_000),
            network(torso="der", hidden=(256,)),
            learning(learning_rate=1e-4, adam_epsilon=1.5e-4, max_grad_norm=10.0),
            schedule(learning_starts=1_600),
            exploration(epsilon_decay_steps=2_000),  # without noisy layers
            target(update_period=2_000),
            evaluation(every=10_000),
        )
    if not on_cartpole(config):
        return config
    config = change(config, learning(learning_rate=1e-3))
    if not from_pixels(config):
        return config
    # Four times the updates per step of the family: a quarter of its averaging rates.
    return change(config, target(tau=0.0125), learning(ema_rate=0.00125))


def drq_n_step(config: Config) -> Config:
    """Add the ten-step returns of DrQ(ε)."""
    return change(config, returns(n_step=10))


def drq(config: Config) -> Config:
    """Apply DrQ(ε)'s own settings: a gradient step per agent step."""
    config = change(config, learning(batch_size=32), schedule(train_frequency=1))
    if on_cartpole(config):
        return change(config, learning(learning_rate=1e-3))
    if not on_atari(config):
        return config
    return change(
        config,
        run(steps=100_000),
        learning(optimizer="adam", learning_rate=1e-4, adam_epsilon=1.5e-4, max_grad_norm=10.0),
        exploration(epsilon_end=0.01, epsilon_decay_steps=5_000),
        schedule(learning_starts=1_600),
        target(tau=1.0, update_period=0),  # a copy after every update
        evaluation(every=10_000),
    )


def pqn(config: Config) -> Config:
    """Replace replay and target network by rollouts with λ-returns."""
    config = change(
        config,
        memory(kind="rollout"),
        target(tau=0.0, update_period=0),
        learning(optimizer="radam", max_grad_norm=10.0),
    )
    if on_cartpole(config):
        return change(
            config,
            run(steps=200_000),
            env(num_envs=16),
            memory(num_steps=64, update_epochs=4),
            returns(td_lambda=0.95),
            learning(batch_size=64, learning_rate=1e-3),
        )
    if not on_atari(config):
        return config
    return change(
        config,
        network(norm="layer"),
        env(num_envs=128),
        memory(num_steps=32, update_epochs=2),
        returns(td_lambda=0.65),
        learning(loss="squared", batch_size=128, optimizer="radam"),
        exploration(epsilon_end=0.001, epsilon_decay_steps=5_000_000),
    )


def btr_iqn(config: Config) -> Config:
    """Add the eight quantiles of Beyond the Rainbow."""
    return change(iqn(config), learning(num_quantiles=8))


def btr_noisy(config: Config) -> Config:
    """Add noisy networks, on Atari with Beyond the Rainbow's ε-greedy exploration."""
    config = noisy(config)
    return change(config, exploration(epsilon_start=1.0, epsilon_end=0.01)) if on_atari(config) else config


def btr_prioritized(config: Config) -> Config:
    """Add the weaker priorities of Beyond the Rainbow."""
    return change(prioritized(config), memory(priority_exponent=0.2))


def btr(config: Config) -> Config:
    """Apply the residual torso and the constants of Beyond the Rainbow."""
    if on_cartpole(config) and from_pixels(config):
        return change(config, network(torso="impala", spectral=True), schedule(train_frequency=8))
    if not on_atari(config):
        return config
    return change(
        config,
        env(num_envs=64),
        network(torso="impala", width=2, spectral=True, pool=6),
        returns(gamma=0.997),
        learning(
            optimizer="adamw",
            learning_rate=1e-4,
            adam_epsilon=0.005 / 256,
            batch_size=256,
            max_grad_norm=10.0,
        ),
        schedule(learning_starts=200_000, train_frequency=64),
        target(update_period=32_000),
        exploration(epsilon_decay_steps=2_000_000),
    )
