"""What a trainer asks of a memory."""

from typing import Any, Protocol

from torch import Tensor

from agents.learning.batch import Batch
from agents.memory.sampling import Array


class Memory(Protocol):
    """`replay.Replay` or `rollout.Rollout`."""

    @property
    def block(self) -> int:
        """Updates that may be drawn for at once."""

    def start(self, observation: Array) -> None:
        """Takes the first observations `[E, *obs]` of all environments."""

    def add(
        self,
        action: Array,
        reward: Array,
        terminated: Array,
        last: Array,
        next_observation: Array,
        observation: Array,
    ) -> None:
        """Adds one step of every environment."""

    def cut(self, observation: Array) -> None:
        """Ends the episodes in hand as truncations; new ones start from `observation` `[E, *obs]`."""

    def sample(self, size: int, beta: float) -> Batch:
        """Draws `size` rows; `beta` is how far weights make up for unequal chances."""

    def update_priorities(self, indices: Tensor, error: Tensor) -> None:
        """Takes note of how far the rows of a batch were off, `[B], [B]`."""

    def state_dict(self) -> dict[str, Any]:
        """Returns all that it holds."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
