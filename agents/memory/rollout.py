"""Rollout buffer with λ-returns."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import DTypeLike
from torch.optim.optimizer import StateDict

from agents.learning.batch import Batch
from agents.learning.shapes import expect
from agents.memory.sampling import UPDATES_AT_ONCE, Array

ROWS_AT_ONCE = 512  # most observations in one call of the network


def lambda_returns(
    reward: Array, terminated: Array, last: Array, value: Array, gamma: float, td_lambda: float
) -> Array:
    """Compute λ-returns, `[T, E]`, of T steps in E environments (Peng's Q(λ)).

    `G_t = r_t + γ [(1 − λ) V_{t+1} + λ G_{t+1}]`, `V = max_a Q`; `r_t` alone where no value follows, and
    `r_t + γ V_{t+1}` where the episode or the rollout stops (Gallici et al. 2024, arXiv:2407.04811, section
    4, Alg. 1; Peng and Williams 1996). All arrays are `[T, E]`: `terminated` where no value follows, `last`
    where the episode stops, truly or by truncation, and `value` holds V of the true successors.
    """
    expect("T E, T E, T E, T E", reward, terminated, last, value)
    returns = np.empty_like(reward)
    following = value[-1]
    for t in range(len(reward) - 1, -1, -1):
        stops = last[t] | (t == len(reward) - 1)
        ahead = np.where(stops, value[t], (1 - td_lambda) * value[t] + td_lambda * following)
        returns[t] = following = reward[t] + gamma * ~terminated[t] * ahead
    return returns


class Rollout:
    """T steps of several environments with λ-returns, then overwritten.

    λ-returns are computed once per rollout, with the network that collected it, when its first batch is
    drawn. Each row is then drawn once per epoch, in random order.

    Args:
        num_steps: T, steps of each environment.
        num_envs: E.
        observation_shape: `obs`.
        dtype: The observations' numpy type.
        gamma: Discount per step.
        td_lambda: λ.
        values: Maps observations `[B, *obs]` to action values `[B, A]`.
        generator: Shuffles the rows; saved with the memory.
    """

    block = UPDATES_AT_ONCE

    def __init__(
        self,
        *,
        num_steps: int,
        num_envs: int,
        observation_shape: tuple[int, ...],
        dtype: DTypeLike,
        gamma: float,
        td_lambda: float,
        values: Callable[[Array], Array],
        generator: np.random.Generator,
    ) -> None:
        shape = (num_steps, num_envs)
        self._gamma, self._td_lambda, self._values, self._generator = gamma, td_lambda, values, generator
        self._observation = np.zeros((num_steps + 1, num_envs, *observation_shape), dtype)
        self._action = np.zeros(shape, np.int64)
        self._reward = np.zeros(shape, np.float32)
        self._terminated = np.zeros(shape, np.bool_)
        self._last = np.zeros(shape, np.bool_)
        self._final: list[tuple[int, int, Array]] = []  # time, environment, true last observation
        self._time = 0
        self._returns = np.zeros(0, np.float32)  # [T E]; empty before the first batch of a rollout
        self._order = np.zeros(0, np.int64)

    def __len__(self) -> int:
        """Return the number of rows to draw from."""
        return self._action.size if self._time == len(self._action) else 0

    def start(self, observation: Array) -> None:
        """Store the first observations `[E, *obs]` of all environments."""
        self._observation[self._time] = observation

    def add(
        self,
        action: Array,
        reward: Array,
        terminated: Array,
        last: Array,
        next_observation: Array,
        observation: Array,
    ) -> None:
        """Add one step of every environment, as `Replay.add`; a full rollout is overwritten."""
        if self._time == len(self._action):
            self._observation[0] = self._observation[-1]
            self._time, self._final = 0, []
            self._returns, self._order = np.zeros(0, np.float32), np.zeros(0, np.int64)
        t = self._time
        self._action[t], self._reward[t] = action, reward
        self._terminated[t], self._last[t] = terminated, last
        self._final += [(t, int(e), next_observation[e].copy()) for e in np.flatnonzero(last)]
        self._observation[t + 1] = observation
        self._time = t + 1

    def truncate(self, observation: Array) -> None:
        """Truncate the current episodes; new ones start from `observation` `[E, *obs]`."""
        t = self._time
        if t:
            unfinished = np.flatnonzero(~self._last[t - 1])
            self._final += [(t - 1, int(e), self._observation[t, e].copy()) for e in unfinished]
            self._last[t - 1] = True
        self._observation[t] = observation

    def sample(self, size: int, _importance_sampling_exponent: float = 1.0) -> Batch:
        """Draw `size` rows of this epoch; the next one begins after the last row."""
        if not len(self._returns):
            self._returns = self._compute_returns()
        while len(self._order) < size:
            self._order = np.append(self._order, self._generator.permutation(len(self)))
        rows, self._order = self._order[:size], self._order[size:]
        places = np.unravel_index(rows, self._action.shape)
        observation = torch.from_numpy(self._observation[places])
        return Batch(
            observation,
            torch.from_numpy(self._action[places]),
            torch.from_numpy(self._returns[rows]),
            torch.zeros(size),
            observation,  # nothing is bootstrapped from it
            torch.ones(size),
            torch.from_numpy(rows),
        )

    def update_priorities(self, _indices: torch.Tensor, _error: torch.Tensor) -> None:
        """Do nothing: every row is drawn once per epoch."""

    def _compute_returns(self) -> Array:
        """Return the λ-returns of the rollout, `[T E]`."""
        following = self._observation[1:]
        value = self._max_values(following.reshape(-1, *following.shape[2:])).reshape(self._action.shape)
        if self._final:
            times, envs, finals = zip(*self._final, strict=True)
            value[list(times), list(envs)] = self._max_values(np.stack(finals))
        returns = lambda_returns(
            self._reward, self._terminated, self._last, value, self._gamma, self._td_lambda
        )
        return returns.reshape(-1)

    def _max_values(self, observations: Array) -> Array:
        parts = range(0, len(observations), ROWS_AT_ONCE)
        return np.concatenate([self._values(observations[i : i + ROWS_AT_ONCE]).max(axis=1) for i in parts])

    def state_dict(self) -> StateDict:
        """Return the rollout, the rows still to be drawn, and the generator."""
        return {
            "arrays": {name: array.copy() for name, array in self._arrays().items()},
            "final": [list(entry) for entry in self._final],
            "time": self._time,
            "returns": self._returns.copy(),
            "order": self._order.copy(),
            "generator": self._generator.bit_generator.state,
        }

    def load_state_dict(self, state: StateDict) -> None:
        """Restore a `state_dict` of a memory of the same shape."""
        for name, array in self._arrays().items():
            array[:] = np.asarray(state["arrays"][name])
        self._final = [(int(t), int(e), np.array(frame)) for t, e, frame in state["final"]]
        self._time = state["time"]
        self._returns = np.array(state["returns"])
        self._order = np.array(state["order"])
        self._generator.bit_generator.state = state["generator"]

    def _arrays(self) -> dict[str, Array]:
        names = ("observation", "action", "reward", "terminated", "last")
        return {name: getattr(self, f"_{name}") for name in names}
