"""Saving an environment in mid-episode and resuming it exactly.

Gymnasium has no call for this. Layers that can be saved answer `state_dict`: our own wrappers, `AtariGame`,
and `SavableTimeLimit` around environments whose state is a few attributes (`Family.attributes`). Others,
such as Box2D's world and games whose `exact` is false, cannot be saved: their episodes end as truncations
when the run is resumed.
"""

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from gymnasium.wrappers import TimeLimit

Snapshot = dict[str, Any]


class SavableTimeLimit(TimeLimit[Any, Any]):
    """Gymnasium's `TimeLimit` with a `state_dict`.

    Args:
        env: An environment.
        max_episode_steps: Steps after which an episode is truncated.
        attributes: Attributes of the unwrapped environment that determine its future.

    Example:
        >>> env = SavableTimeLimit(gym.make("CartPole-v1", max_episode_steps=-1), 500, ["state"])
        >>> _ = env.reset(seed=1), env.step(0)
        >>> env.state_dict()["elapsed_steps"]
        1
    """

    def __init__(self, env: gym.Env[Any, Any], max_episode_steps: int, attributes: Sequence[str]) -> None:
        RecordConstructorArgs.__init__(self, max_episode_steps=max_episode_steps, attributes=attributes)
        super().__init__(env, max_episode_steps)
        self._attributes = attributes

    def state_dict(self) -> Snapshot:
        """Return the step of the episode and the state of the environment inside."""
        state = {name: getattr(self.unwrapped, name) for name in self._attributes}
        return {"elapsed_steps": self._elapsed_steps, "attributes": state}

    def load_state_dict(self, state: Snapshot) -> None:
        """Restore a `state_dict`."""
        self._elapsed_steps = state["elapsed_steps"]
        for name, value in state["attributes"].items():
            setattr(self.unwrapped, name, value if value is None or np.isscalar(value) else np.array(value))


def _layers(env: gym.Env[Any, Any]) -> list[Any]:
    """Return the wrappers of `env` from the outside in, then the environment itself."""
    chain = [env]
    while isinstance(chain[-1], gym.Wrapper):
        chain.append(chain[-1].env)
    return chain


def is_exact(env: gym.Env[Any, Any]) -> bool:
    """Whether `load_env_state` resumes an episode of this environment exactly."""
    *wrappers, base = _layers(env)
    saves_itself = hasattr(base, "state_dict") and getattr(base, "exact", True)
    return saves_itself or any(isinstance(layer, SavableTimeLimit) for layer in wrappers)


def env_state(env: gym.Env[Any, Any]) -> Snapshot:
    """Return all that determines the environment's future: its layers and its generator."""
    return {
        "generator": env.unwrapped.np_random.bit_generator.state,
        "layers": [layer.state_dict() for layer in _layers(env) if hasattr(layer, "state_dict")],
    }


def load_env_state(env: gym.Env[Any, Any], state: Snapshot) -> None:
    """Restore an `env_state`; only its generator where `is_exact` is false."""
    env.reset(seed=0)  # Gymnasium's order check wants a reset before the first step.
    env.unwrapped.np_random.bit_generator.state = state["generator"]
    if not is_exact(env):
        return
    savable = [layer for layer in _layers(env) if hasattr(layer, "state_dict")]
    for layer, saved in zip(savable, state["layers"], strict=True):
        layer.load_state_dict(saved)
