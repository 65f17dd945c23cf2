"""Greedy and ε-greedy policies."""

import contextlib
import copy
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from models.prediction import Prediction
from models.q_network import QNetwork

Array = NDArray[Any]
T = TypeVar("T")


class Policy(Protocol):
    """Choice of actions."""

    def act(self, observation: Array) -> NDArray[np.int64]:
        """Return actions `[E]` for observations `[E, *obs]`."""


class GreedyPolicy:
    """The action of highest value in each observation of a batch.

    Args:
        network: Maps `[E, *obs]` to `[E, A]`, in eval mode.
        device: Where the network lives.
        noise: Generator of the noise of noisy layers, drawn anew for each call; None: no noise.
    """

    def __init__(
        self, network: QNetwork, device: torch.device, *, noise: torch.Generator | None = None
    ) -> None:
        self.network, self._device = network, device
        self._noise = noise if network.is_noisy else None
        self._latest: NDArray[np.float32] | None = None
        self._quiet = (
            network.disable_noise if network.is_noisy and noise is None else contextlib.nullcontext
        )

    def with_parameters(self, parameters: Mapping[str, torch.Tensor]) -> "GreedyPolicy":
        """Return the policy of a copy of the network, with other parameters."""
        network = copy.deepcopy(self.network)
        network.load_state_dict(parameters)
        return GreedyPolicy(network, self._device, noise=self._noise)

    def values(self, observation: Array) -> NDArray[np.float32]:
        """Return the action values `[E, A] float32` of observations `[E, *obs]`."""
        return self._of(self.network, observation).cpu().numpy()

    def predict(self, observation: Array) -> Prediction:
        """Return the prediction for observations `[E, *obs]`."""
        return self._of(self.network.predict, observation)

    def _of(self, call: Callable[[torch.Tensor], T], observation: Array) -> T:
        if self._noise is not None:
            self.network.resample(self._noise)
        with torch.inference_mode(), self._quiet():
            return call(torch.from_numpy(observation).to(self._device))

    def features(self, observation: Array) -> NDArray[np.float32]:
        """Return the output `[E, D] float32` of the convolutions for images `[E, S, H, W]`."""
        return self._of(self.network.encode, observation).cpu().numpy()

    def act(self, observation: Array) -> NDArray[np.int64]:
        """Return the greedy actions `[E] int64`."""
        values = self.values(observation)
        self._latest = values if self._noise is None else None
        return values.argmax(axis=1)

    def take_values(self) -> NDArray[np.float32] | None:
        """Return the action values `[E, A]` of the last `act`, once; None if it drew noise."""
        latest, self._latest = self._latest, None
        return latest


class RandomPolicy:
    """Uniformly random actions."""

    def __init__(self, num_actions: int, generator: np.random.Generator) -> None:
        self._num_actions, self._generator = num_actions, generator

    def act(self, observation: Array) -> NDArray[np.int64]:
        """Return actions `[E]` for observations `[E, *obs]`."""
        return self._generator.integers(self._num_actions, size=len(observation))


class EpsilonGreedyPolicy:
    """A random action with probability ε, independently in each environment, else the greedy one.

    Args:
        greedy: Policy of the other actions.
        num_actions: A.
        generator: Draws coins and random actions, the same number of each whatever the coins show.
        epsilon: ε, one number or `[E]`; may be set between two steps.
    """

    def __init__(
        self,
        greedy: Policy,
        num_actions: int,
        generator: np.random.Generator,
        epsilon: float | NDArray[np.float64] = 0.0,
    ) -> None:
        self._greedy, self._num_actions, self._generator = greedy, num_actions, generator
        self.epsilon = epsilon

    def act(self, observation: Array) -> NDArray[np.int64]:
        """Return actions `[E]` for observations `[E, *obs]`."""
        num_envs = len(observation)
        random = self._generator.random(num_envs) < self.epsilon
        action = self._generator.integers(self._num_actions, size=num_envs)
        if not random.all():
            np.copyto(action, self._greedy.act(observation), where=~random)
        return action

    def state_dict(self) -> dict[str, Any]:
        """Return the generator's state."""
        return {"generator": self._generator.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self._generator.bit_generator.state = state["generator"]
