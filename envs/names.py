"""What actions and state variables are called, for people."""

from typing import Any

import gymnasium as gym

# By the name of the environment, without its version; from Gymnasium's documentation.
ACTIONS: dict[str, tuple[str, ...]] = {
    "Acrobot": ("torque -1", "no torque", "torque +1"),
    "CartPole": ("left", "right"),
    "LunarLander": ("coast", "left engine", "main engine", "right engine"),
    "MountainCar": ("left", "coast", "right"),
}
VARIABLES: dict[str, tuple[str, ...]] = {
    "Acrobot": ("cos angle 1", "sin angle 1", "cos angle 2", "sin angle 2", "speed 1", "speed 2"),
    "CartPole": ("cart position", "cart velocity", "pole angle", "pole angular velocity"),
    "LunarLander": (
        "x",
        "y",
        "velocity x",
        "velocity y",
        "angle",
        "angular velocity",
        "left leg",
        "right leg",
    ),
    "MountainCar": ("position", "velocity"),
}


def action_names(env: gym.Env[Any, Any], count: int) -> tuple[str, ...]:
    """Returns a name for each of `count` actions: the environment's own, the table's, or numbers.

    Example:
        >>> action_names(gym.make("CartPole-v1"), 2)
        ('left', 'right')
    """
    own = getattr(env.unwrapped, "get_action_meanings", None)
    known = tuple(own()) if own is not None else ACTIONS.get(_name(env), ())
    return known if len(known) == count else tuple(f"action {i}" for i in range(count))


def variable_names(env: gym.Env[Any, Any], count: int) -> tuple[str, ...]:
    """Returns a name for each of the `count` entries of a state vector: the table's, or numbers.

    Example:
        >>> variable_names(gym.make("CartPole-v1"), 4)[2]
        'pole angle'
    """
    known = VARIABLES.get(_name(env), ())
    return known if len(known) == count else tuple(f"variable {i}" for i in range(count))


def _name(env: gym.Env[Any, Any]) -> str:
    spec = env.unwrapped.spec
    return spec.name if spec is not None else ""
