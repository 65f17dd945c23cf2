"""Interface of a memory."""

from typing import Any, Protocol

from torch import Tensor

from agents.learning.batch import Batch
from agents.memory.sampling import Array

UPDATES_AT_ONCE = 50  # batches in one draw, if no update changes the next: fewer calls cost less


class Memory(Protocol):
    """`replay.Replay` or `rollout.Rollout`."""

    @property
    def block(self) -> int:
        """Updates whose batches may be drawn at once."""

    def start(self, observation: Array) -> None:
        """Store the first observations `[E, *obs]` of all environments."""

    def add(
        self,
        action: Array,
        reward: Array,
        terminated: Array,
        last: Array,
        next_observation: Array,
        observation: Array,
    ) -> None:
        """Add one step of every environment."""

    def truncate(self, observation: Array) -> None:
        """Truncate the current episodes; new ones start from `observation` `[E, *obs]`."""

    def sample(self, size: int, importance_sampling_exponent: float) -> Batch:
        """Draw `size` rows; an exponent of 1 corrects unequal probabilities in full."""

    def update_priorities(self, indices: Tensor, error: Tensor) -> None:
        """Set the priorities of a batch, from its indices and errors `[B], [B]`."""

    def state_dict(self) -> dict[str, Any]:
        """Return all contents."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a `state_dict`."""
