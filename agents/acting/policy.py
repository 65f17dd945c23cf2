"""ε-greedy play."""

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from models.prediction import Prediction
from models.q_network import QNetwork

Array = NDArray[Any]
T = TypeVar("T")


class GreedyPolicy:
    """The action of the highest value, for a batch of observations.

    Args:
        network: Maps `[E, *obs]` to `[E, A]`; it is used in eval mode.
        device: Where the network lives.
        noise: Draws the noise that noisy layers explore with, anew for each call; without it they are
            silent.
    """

    def __init__(
        self, network: QNetwork, device: torch.device, *, noise: torch.Generator | None = None
    ) -> None:
        self.network, self._device, self._noise = network, device, noise
        self._quiet = (
            network.disable_noise if network.is_noisy and noise is None else contextlib.nullcontext
        )

    def values(self, observation: Array) -> Array:
        """Returns the action values `[E, A] float32` of observations `[E, *obs]`."""
        return self._of(self.network, observation).cpu().numpy()

    def predict(self, observation: Array) -> Prediction:
        """Return the prediction for observations `[E, *obs]`."""
        return self._of(self.network.predict, observation)

    def _of(self, reading: Callable[[torch.Tensor], T], observation: Array) -> T:
        if self._noise is not None and self.network.is_noisy:
            self.network.resample(self._noise)
        with torch.inference_mode(), self._quiet():
            return reading(torch.from_numpy(observation).to(self._device))

    def features(self, observation: Array) -> Array:
        """Returns what the convolutions make of images `[E, S, H, W]`: `[E, D] float32`."""
        with torch.inference_mode():
            return self.network.encode(torch.from_numpy(observation).to(self._device)).cpu().numpy()

    def act(self, observation: Array) -> Array:
        """Returns the greedy actions `[E] int64`."""
        return self.values(observation).argmax(axis=1)


class EpsilonGreedyPolicy:
    """A random action with probability ε, otherwise the greedy one, for each environment apart.

    Args:
        greedy: What acts when the coin says so.
        num_actions: A.
        generator: Draws coins and random actions, the same number whatever the coins say.
    """

    def __init__(self, greedy: GreedyPolicy, num_actions: int, generator: np.random.Generator) -> None:
        self._greedy, self._num_actions, self._generator = greedy, num_actions, generator

    def act(self, observation: Array, epsilon: float | Array) -> Array:
        """Returns actions `[E] int64` for observations `[E, *obs]`; `epsilon` may be one or `[E]`."""
        num_envs = len(observation)
        random = self._generator.random(num_envs) < epsilon
        action = self._generator.integers(self._num_actions, size=num_envs)
        if not random.all():
            np.copyto(action, self._greedy.act(observation), where=~random)
        return action

    def state_dict(self) -> dict[str, Any]:
        """Returns the generator's state."""
        return {"generator": self._generator.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        self._generator.bit_generator.state = state["generator"]
