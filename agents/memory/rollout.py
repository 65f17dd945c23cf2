"""Rollout buffer with λ-returns."""

import math
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


class Segment:
    """T steps of E environments, and the true last observations of the episodes that ended in them."""

    def __init__(self, num_steps: int, num_envs: int, obs: tuple[int, ...], dtype: DTypeLike) -> None:
        shape = (num_steps, num_envs)
        self.observation = np.zeros((num_steps + 1, num_envs, *obs), dtype)
        self.action = np.zeros(shape, np.int64)
        self.reward = np.zeros(shape, np.float32)
        self.terminated = np.zeros(shape, np.bool_)
        self.last = np.zeros(shape, np.bool_)
        self.value = np.zeros(shape, np.float32)  # max_a Q of the observations acted on
        self.known = np.zeros(shape, np.bool_)  # whether that value is there
        self.final: list[tuple[int, int, Array]] = []  # time, environment, observation

    def state_dict(self) -> StateDict:
        """Return copies of the arrays."""
        arrays = {name: array.copy() for name, array in vars(self).items() if name != "final"}
        return arrays | {"final": [list(entry) for entry in self.final]}

    def load_state_dict(self, state: StateDict) -> None:
        """Restore a `state_dict` of a segment of the same shape."""
        for name, array in vars(self).items():
            if name != "final":
                array[:] = np.asarray(state[name])
        self.final = [(int(t), int(e), np.array(frame)) for t, e, frame in state["final"]]


class Rollout:
    """The newest full rollout of several environments, with λ-returns, and the one that is being filled.

    λ-returns are computed once per rollout, when its first batch is drawn, from the values that the actions
    were chosen by; those that no action was chosen by are computed then. Each row is then drawn once per
    epoch, in random order.

    Args:
        num_steps: T, steps of each environment.
        num_envs: E.
        observation_shape: `obs`.
        dtype: The observations' numpy type.
        gamma: Discount per step.
        td_lambda: λ.
        values: Maps observations `[B, *obs]` to action values `[B, A]`.
        latest: Returns the action values `[E, A]` of the observations last acted on, if they were computed.
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
        latest: Callable[[], Array | None] = lambda: None,
        generator: np.random.Generator,
    ) -> None:
        self._gamma, self._td_lambda, self._generator = gamma, td_lambda, generator
        self._values, self._latest = values, latest
        self._shape = num_steps, num_envs
        self._full, self._filling = (
            Segment(num_steps, num_envs, observation_shape, dtype) for _ in range(2)
        )
        self._filled, self._time = False, 0  # whether one was ever full; steps in the one being filled
        self._returns = np.zeros(0, np.float32)  # [T E] of the full rollout; empty before its first batch
        self._order = np.zeros(0, np.int64)

    def __len__(self) -> int:
        """Return the number of rows to draw from."""
        return math.prod(self._shape) if self._filled else 0

    def start(self, observation: Array) -> None:
        """Store the first observations `[E, *obs]` of all environments."""
        self._filling.observation[self._time] = observation

    def add(
        self,
        action: Array,
        reward: Array,
        terminated: Array,
        last: Array,
        next_observation: Array,
        observation: Array,
    ) -> None:
        """Add one step of every environment, as `Replay.add`; a full rollout replaces the one before."""
        t, segment, values = self._time, self._filling, self._latest()
        segment.action[t], segment.reward[t] = action, reward
        segment.known[t] = values is not None
        segment.value[t] = 0.0 if values is None else values.max(axis=1)
        segment.terminated[t], segment.last[t] = terminated, last
        segment.final += [(t, int(e), next_observation[e].copy()) for e in np.flatnonzero(last)]
        segment.observation[t + 1] = observation
        self._time = t + 1
        if self._time == self._shape[0]:
            self._full, self._filling = segment, self._full
            self._filled, self._time = True, 0
            self._filling.observation[0], self._filling.final = observation, []
            self._returns, self._order = np.zeros(0, np.float32), np.zeros(0, np.int64)

    def truncate(self, observation: Array) -> None:
        """Truncate the current episodes; new ones start from `observation` `[E, *obs]`."""
        t, segment = self._time, self._filling
        if t:
            unfinished = np.flatnonzero(~segment.last[t - 1])
            segment.final += [(t - 1, int(e), segment.observation[t, e].copy()) for e in unfinished]
            segment.last[t - 1] = True
        segment.observation[t] = observation

    def sample(self, size: int, _importance_sampling_exponent: float = 1.0) -> Batch:
        """Draw `size` rows of this epoch; the next one begins after the last row."""
        if not len(self._returns):
            self._returns = self._compute_returns()
        while len(self._order) < size:
            self._order = np.append(self._order, self._generator.permutation(len(self)))
        rows, self._order = self._order[:size], self._order[size:]
        places = np.unravel_index(rows, self._shape)
        observation = torch.from_numpy(self._full.observation[places])
        return Batch(
            observation,
            torch.from_numpy(self._full.action[places]),
            torch.from_numpy(self._returns[rows]),
            torch.zeros(size),
            observation,  # nothing is bootstrapped from it
            torch.ones(size),
            torch.from_numpy(rows),
        )

    def update_priorities(self, _indices: torch.Tensor, _error: torch.Tensor) -> None:
        """Do nothing: every row is drawn once per epoch."""

    def _compute_returns(self) -> Array:
        """Return the λ-returns of the full rollout, `[T E]`."""
        segment = self._full
        unknown = ~segment.known
        if unknown.any():
            segment.value[unknown] = self._max_values(segment.observation[:-1][unknown])
        value = np.concatenate([segment.value[1:], self._max_values(segment.observation[-1])[np.newaxis]])
        if segment.final:
            times, envs, finals = zip(*segment.final, strict=True)
            value[list(times), list(envs)] = self._max_values(np.stack(finals))
        columns = (segment.reward, segment.terminated, segment.last, value)
        return lambda_returns(*columns, self._gamma, self._td_lambda).reshape(-1)

    def _max_values(self, observations: Array) -> Array:
        parts = range(0, len(observations), ROWS_AT_ONCE)
        return np.concatenate([self._values(observations[i : i + ROWS_AT_ONCE]).max(axis=1) for i in parts])

    def state_dict(self) -> StateDict:
        """Return the segments, the rows still to be drawn, and the generator."""
        return {
            "full": self._full.state_dict(),
            "filling": self._filling.state_dict(),
            "filled": self._filled,
            "time": self._time,
            "returns": self._returns.copy(),
            "order": self._order.copy(),
            "generator": self._generator.bit_generator.state,
        }

    def load_state_dict(self, state: StateDict) -> None:
        """Restore a `state_dict` of a memory of the same shape."""
        self._full.load_state_dict(state["full"])
        self._filling.load_state_dict(state["filling"])
        self._filled, self._time = state["filled"], state["time"]
        self._returns = np.array(state["returns"])
        self._order = np.array(state["order"])
        self._generator.bit_generator.state = state["generator"]
