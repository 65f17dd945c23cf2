"""Saving an environment in mid-episode and going on exactly there.

Gymnasium has no call for this. The classic-control environments keep their whole state in a few
attributes, named below; our own wrappers and `AtariGame` answer `state_dict`; others (Box2D's world, for
one, and games whose `exact` is false) cannot be saved, and the episodes in hand end as truncations when
their run is resumed.
"""

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.classic_control import AcrobotEnv, CartPoleEnv, MountainCarEnv
from gymnasium.wrappers import TimeLimit

ATTRIBUTES: dict[type, tuple[str, ...]] = {
    CartPoleEnv: ("state", "steps_beyond_terminated"),
    AcrobotEnv: ("state",),
    MountainCarEnv: ("state",),
}


def layers(env: gym.Env[Any, Any]) -> list[Any]:
    """Returns the wrappers of `env` from the outside in, then the environment itself."""
    found = [env]
    while isinstance(found[-1], gym.Wrapper):
        found.append(found[-1].env)
    return found


def is_exact(env: gym.Env[Any, Any]) -> bool:
    """Whether `load_env_state` continues this environment's episode exactly."""
    base = env.unwrapped
    saves_itself = hasattr(base, "state_dict") and getattr(base, "exact", True)
    return type(base) in ATTRIBUTES or saves_itself


def env_state(env: gym.Env[Any, Any]) -> dict[str, Any]:
    """Returns all that decides the environment's future: its state, its clocks, its generator."""
    base = env.unwrapped
    names = ATTRIBUTES.get(type(base), ())
    chain = layers(env)
    return {
        "generator": base.np_random.bit_generator.state,
        "attributes": {name: getattr(base, name) for name in names},
        "elapsed": [layer._elapsed_steps for layer in chain if isinstance(layer, TimeLimit)],
        "layers": [layer.state_dict() for layer in chain if hasattr(layer, "state_dict")],
    }


def load_env_state(env: gym.Env[Any, Any], state: dict[str, Any]) -> None:
    """Restores what `env_state` returned; where `is_exact` is false, only the generator."""
    base = env.unwrapped
    env.reset(seed=0)  # Gymnasium's order check wants a reset before the first step.
    base.np_random.bit_generator.state = state["generator"]
    if not is_exact(env):
        return
    for name, value in state["attributes"].items():
        setattr(base, name, value if value is None or np.isscalar(value) else np.array(value))
    chain = layers(env)
    limits = [layer for layer in chain if isinstance(layer, TimeLimit)]
    for layer, elapsed in zip(limits, state["elapsed"], strict=True):
        layer._elapsed_steps = elapsed
    stateful = [layer for layer in chain if hasattr(layer, "state_dict")]
    for layer, saved in zip(stateful, state["layers"], strict=True):
        layer.load_state_dict(saved)
