"""A memory of the newest steps only, for learning without replay."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agents.learning.batch import Batch

Array = NDArray[Any]

ROWS_AT_ONCE = 512  # observations valued in one call, at the most


def lambda_returns(
    reward: Array, terminated: Array, last: Array, value: Array, gamma: float, td_lambda: float
) -> Array:
    """Returns λ-returns, `[T, E]`, of T steps in E environments (Peng's Q(λ)).

    `G_t = r_t + γ [(1 − λ) V_{t+1} + λ G_{t+1}]`, `V = max_a Q`; `r_t` alone where no value follows, and
    `r_t + γ V_{t+1}` where the episode or the window stops (Gallici et al. 2024, arXiv:2407.04811, section
    4, Alg. 1; Peng and Williams 1996).

    Args:
        reward: `[T, E]`.
        terminated: `[T, E]`, no value follows.
        last: `[T, E]`, the episode stops here, truly or by truncation.
        value: `[T, E]`, V of the true successors.
        gamma: γ, discount a step.
        td_lambda: λ.
    """
    returns = np.empty_like(reward)
    following = value[-1]
    for t in range(len(reward) - 1, -1, -1):
        cut = last[t] | (t == len(reward) - 1)
        ahead = np.where(cut, value[t], (1 - td_lambda) * value[t] + td_lambda * following)
        returns[t] = following = reward[t] + gamma * ~terminated[t] * ahead
    return returns


class Rollout:
    """One window of steps of several environments, learned from as λ-returns, then written anew.

    The returns are reckoned once, when the first batch of a full window is drawn: by the network that
    played it. Each row is then drawn once an epoch, in random order.

    Args:
        num_steps: T, steps of each environment.
        num_envs: E.
        observation_shape: `obs`.
        dtype: The observations' numpy type.
        gamma: Discount a step.
        td_lambda: λ.
        values: Maps observations `[B, *obs]` to action values `[B, A]`.
        generator: Shuffles; saved with the memory.
    """

    block = 50  # updates that may be drawn for at once: the returns stand still meanwhile

    def __init__(
        self,
        *,
        num_steps: int,
        num_envs: int,
        observation_shape: tuple[int, ...],
        dtype: Any,
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
        self._returns = np.zeros(0, np.float32)  # [T E]; empty until a full window is learned from
        self._order = np.zeros(0, np.int64)

    def __len__(self) -> int:
        """Rows that can be drawn."""
        return self._action.size if self._time == len(self._action) else 0

    def start(self, observation: Array) -> None:
        """Takes the first observations `[E, *obs]` of all environments."""
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
        """Adds one step of every environment, as `Replay.add`; a full window is written anew."""
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

    def cut(self, observation: Array) -> None:
        """Ends the episodes in hand as truncations; new ones start from `observation` `[E, *obs]`."""
        t = self._time
        if t:
            begun = np.flatnonzero(~self._last[t - 1])
            self._final += [(t - 1, int(e), self._observation[t, e].copy()) for e in begun]
            self._last[t - 1] = True
        self._observation[t] = observation

    def sample(self, size: int, _beta: float = 1.0) -> Batch:
        """Draws `size` rows that were not drawn in this epoch; after the last one the next epoch begins."""
        if not len(self._returns):
            self._returns = self._reckon()
        while len(self._order) < size:
            self._order = np.append(self._order, self._generator.permutation(len(self)))
        rows, self._order = self._order[:size], self._order[size:]
        observation = torch.from_numpy(self._flat(self._observation[:-1])[rows])
        return Batch(
            observation,
            torch.from_numpy(self._action.reshape(-1)[rows]),
            torch.from_numpy(self._returns[rows]),
            torch.zeros(size),
            observation,  # nothing is bootstrapped from it
            torch.ones(size),
            torch.from_numpy(rows),
        )

    def update_priorities(self, _ticket: torch.Tensor, _error: torch.Tensor) -> None:
        """Does nothing: every row is drawn once an epoch."""

    def _flat(self, array: Array) -> Array:
        return array.reshape(-1, *array.shape[2:])

    def _reckon(self) -> Array:
        """Returns the λ-returns of the window, `[T E]`."""
        value = self._best(self._flat(self._observation[1:])).reshape(self._action.shape)
        if self._final:
            times, envs, finals = zip(*self._final, strict=True)
            value[list(times), list(envs)] = self._best(np.stack(finals))
        returns = lambda_returns(
            self._reward, self._terminated, self._last, value, self._gamma, self._td_lambda
        )
        return returns.reshape(-1)

    def _best(self, observations: Array) -> Array:
        parts = range(0, len(observations), ROWS_AT_ONCE)
        return np.concatenate([self._values(observations[i : i + ROWS_AT_ONCE]).max(axis=1) for i in parts])

    def state_dict(self) -> dict[str, Any]:
        """Returns the window, what is still to be drawn of it, and the generator."""
        return {
            "arrays": {name: array.copy() for name, array in self._arrays().items()},
            "final": [list(entry) for entry in self._final],
            "time": self._time,
            "returns": self._returns.copy(),
            "order": self._order.copy(),
            "generator": self._generator.bit_generator.state,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned, into a memory of the same shape."""
        for name, array in self._arrays().items():
            array[:] = np.asarray(state["arrays"][name])
        self._final = [(int(t), int(e), np.array(frame)) for t, e, frame in state["final"]]
        self._time = state["time"]
        self._returns = np.array(state["returns"])
        self._order = np.array(state["order"])
        self._generator.bit_generator.state = state["generator"]

    def _arrays(self) -> dict[str, Array]:
        return {
            "observation": self._observation,
            "action": self._action,
            "reward": self._reward,
            "terminated": self._terminated,
            "last": self._last,
        }
