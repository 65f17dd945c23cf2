"""The simulator's true state, which no pixel agent is shown: to ask what its features know of it."""

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.classic_control import CartPoleEnv
from numpy.typing import NDArray

from envs.atari.game import AtariGame

RAM_BYTES = 128
# Environments whose images are made fast enough for it.
NAMES: dict[type, tuple[str, ...]] = {
    CartPoleEnv: ("x", "x_dot", "theta", "theta_dot"),
    AtariGame: tuple(f"ram{byte}" for byte in range(RAM_BYTES)),
}

# Half the range that `randomize_state` draws from, around zero: about what play shows.
SPREAD: dict[type, tuple[float, ...]] = {CartPoleEnv: (1.2, 1.0, 0.1, 2.0)}


def state_names(env: gym.Env[Any, Any]) -> tuple[str, ...]:
    """Returns the names of the true state's variables; none where the environment does not tell them."""
    return NAMES.get(type(env.unwrapped), ())


def simulator_state(env: gym.Env[Any, Any]) -> NDArray[np.float64]:
    """Returns the true state `[V]` in the simulator's units: the console's memory in Atari games."""
    base: Any = env.unwrapped
    return np.array(base.ale.getRAM() if isinstance(base, AtariGame) else base.state, np.float64)


def randomize_state(env: gym.Env[Any, Any], generator: np.random.Generator) -> bool:
    """Puts the simulator into a random state; returns whether that was possible.

    In play, places and velocities go together: a pole far from upright is falling fast. Of scattered
    states one tells nothing of the other.
    """
    base: Any = env.unwrapped
    spread = SPREAD.get(type(base))
    if spread is not None:
        base.state = generator.uniform(np.negative(spread), spread)
    return spread is not None
