"""Parts of the DQN family: functions that each add one idea.

Those that begin with the name of a preset tune a part, or apply settings, for that preset alone.
"""

from agents.config.algorithms import (
    compose,
    env,
    evaluation,
    exploration,
    from_pixels,
    learning,
    memory,
    network,
    on_atari,
    on_cartpole,
    on_cartpole_pixels,
    returns,
    run,
    schedule,
    target,
    when,
)

double = compose(learning(double=True))
dueling = compose(network(dueling=True))
n_step = compose(returns(n_step=3))
noisy = compose(network(noisy=0.5), exploration(epsilon_start=0.0, epsilon_end=0.0))
prioritized = compose(memory(priority_exponent=0.6), when(on_atari, learning(learning_rate=2.5e-4 / 4)))
shift = compose(learning(shift=4), when(on_cartpole, learning(shift=1)))
c51 = compose(
    learning(value="categorical", num_atoms=51),
    when(on_cartpole, learning(v_min=0.0, v_max=100.0)),
    when(on_cartpole_pixels, learning(v_max=200.0)),
    when(on_atari, learning(v_min=-10.0, v_max=10.0, optimizer="adam", adam_epsilon=0.01 / 32)),
)
# Optimiser and exploration of QR-DQN, IQN and Munchausen.
adam_of_dabney = when(
    on_atari,
    learning(optimizer="adam", learning_rate=5e-5, adam_epsilon=0.01 / 32),
    exploration(epsilon_end=0.01),
)
qr_dqn = compose(
    learning(value="quantile", num_quantiles=200, huber_delta=1.0),
    when(on_cartpole, learning(num_quantiles=51)),
    adam_of_dabney,
)
iqn = compose(
    learning(value="iqn", num_quantiles=64, huber_delta=1.0),
    when(on_cartpole, learning(num_quantiles=8)),
    adam_of_dabney,
)
munchausen = compose(
    learning(backup="munchausen"),
    adam_of_dabney,
    when(
        on_atari,
        schedule(learning_starts=20_000),
        target(update_period=8_000),
        exploration(epsilon_decay_steps=250_000),
    ),
)

der_n_step = compose(returns(n_step=10), when(on_atari, returns(n_step=20)))
der_noisy = compose(noisy, when(on_atari, network(noisy=0.1)))
der_prioritized = compose(prioritized, when(on_atari, memory(priority_exponent=0.5)))
# Shared by DER and DrQ.
data_efficient = compose(
    learning(batch_size=32),
    schedule(train_frequency=1),
    when(on_cartpole, learning(learning_rate=1e-3)),
    when(
        on_atari,
        run(steps=100_000),
        learning(learning_rate=1e-4, adam_epsilon=1.5e-4, max_grad_norm=10.0),
        schedule(learning_starts=1_600),
        evaluation(every=10_000),
    ),
)
der = compose(
    data_efficient,
    when(
        on_atari,
        when(from_pixels, network(torso="der", hidden=(256,))),
        exploration(epsilon_decay_steps=2_000),  # without noisy layers
        target(update_period=2_000),
    ),
    # Four times the updates per step of the family: a quarter of its averaging rates.
    when(on_cartpole_pixels, target(tau=0.0125), learning(ema_rate=0.00125)),
)

drq_n_step = compose(returns(n_step=10))
drq = compose(
    data_efficient,
    when(
        on_atari,
        learning(optimizer="adam"),
        exploration(epsilon_end=0.01, epsilon_decay_steps=5_000),
        target(tau=1.0, update_period=0),  # a copy after every update
    ),
)

pqn = compose(
    memory(kind="rollout"),
    target(tau=0.0, update_period=0),
    learning(optimizer="radam", max_grad_norm=10.0),
    when(
        on_cartpole,
        run(steps=200_000),
        env(num_envs=16),
        memory(num_steps=64, update_epochs=4),
        returns(td_lambda=0.95),
        learning(batch_size=64, learning_rate=1e-3),
    ),
    when(
        on_atari,
        network(norm="layer-all"),
        env(num_envs=128),
        memory(num_steps=32, update_epochs=2),
        returns(td_lambda=0.65),
        learning(loss="squared", batch_size=128),
        exploration(epsilon_end=0.001, epsilon_decay_steps=5_000_000),
    ),
)

btr_iqn = compose(iqn, learning(num_quantiles=8))
btr_noisy = compose(noisy, when(on_atari, exploration(epsilon_start=1.0, epsilon_end=0.01)))
btr_prioritized = compose(prioritized, memory(priority_exponent=0.2))
btr = compose(
    when(on_cartpole_pixels, network(torso="impala", spectral=True), schedule(train_frequency=8)),
    when(
        on_atari,
        env(num_envs=64),
        when(from_pixels, network(torso="impala", width=2, spectral=True, pool=6)),
        returns(gamma=0.997),
        learning(optimizer="adamw", learning_rate=1e-4, adam_epsilon=0.005 / 256),
        learning(batch_size=256, max_grad_norm=10.0),
        schedule(learning_starts=200_000, train_frequency=64),
        target(update_period=32_000),
        exploration(epsilon_decay_steps=2_000_000),
    ),
)
