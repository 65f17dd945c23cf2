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

Snapshot = dict[str, Any]


class SavableTimeLimit(gym.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Gymnasium's `TimeLimit`, which keeps its count private, with a `state_dict`.

    Example:
        >>> env = SavableTimeLimit(gym.make("CartPole-v1", max_episode_steps=-1), 500, ["state"])
        >>> _ = env.reset(seed=1), env.step(0)
        >>> env.state_dict()["elapsed_steps"]
        1
    """

    def __init__(self, env: gym.Env[Any, Any], max_episode_steps: int, attributes: Sequence[str]) -> None:
        RecordConstructorArgs.__init__(self, max_episode_steps=max_episode_steps, attributes=attributes)
        gym.Wrapper.__init__(self, env)
        self._max_episode_steps, self._attributes = max_episode_steps, attributes
        self._elapsed = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start an episode and its count of steps."""
        self._elapsed = 0
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step; truncate at the limit."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._elapsed += 1
        return observation, reward, terminated, truncated or self._elapsed >= self._max_episode_steps, info

    def state_dict(self) -> Snapshot:
        """Return the step of the episode and the state of the environment inside."""
        state = {name: getattr(self.unwrapped, name) for name in self._attributes}
        return {"elapsed_steps": self._elapsed, "attributes": state}

    def load_state_dict(self, state: Snapshot) -> None:
        """Restore a `state_dict`."""
        self._elapsed = state["elapsed_steps"]
        for name, value in state["attributes"].items():
            setattr(self.unwrapped, name, value if value is None or np.isscalar(value) else np.array(value))


def _savable_layers(env: gym.Env[Any, Any]) -> list[Any]:
    """Return the layers that can be saved, from the outside in."""
    layers = [env]
    while isinstance(layers[-1], gym.Wrapper):
        layers.append(layers[-1].env)
    return [layer for layer in layers if hasattr(layer, "state_dict")]


def is_exact(env: gym.Env[Any, Any]) -> bool:
    """Whether `load_env_state` resumes an episode of this environment exactly."""
    return any(
        isinstance(layer, SavableTimeLimit) or (layer is env.unwrapped and getattr(layer, "exact", True))
        for layer in _savable_layers(env)
    )


def env_state(env: gym.Env[Any, Any]) -> Snapshot:
    """Return all that determines the environment's future: its layers and its generator."""
    return {
        "generator": env.unwrapped.np_random.bit_generator.state,
        "layers": [layer.state_dict() for layer in _savable_layers(env)],
    }


def load_env_state(env: gym.Env[Any, Any], state: Snapshot) -> None:
    """Restore an `env_state`; only its generator where `is_exact` is false."""
    env.reset(seed=0)  # Gymnasium's order check wants a reset before the first step.
    env.unwrapped.np_random.bit_generator.state = state["generator"]
    if is_exact(env):
        for layer, saved in zip(_savable_layers(env), state["layers"], strict=True):
            layer.load_state_dict(saved)
