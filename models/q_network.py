"""Action values from an observation."""

from torch import Tensor, nn


class QNetwork(nn.Module):
    """`Q(s, .)`: a torso, then one plain linear layer with a value for each action.

    Args:
        torso: Maps observations `[B, *obs]` to features `[B, D]`.
        features: D.
        num_actions: A.
    """

    def __init__(self, torso: nn.Module, features: int, num_actions: int) -> None:
        super().__init__()
        self.torso = torso
        self.head = nn.Linear(features, num_actions)

    def forward(self, observation: Tensor) -> Tensor:
        """Returns the values of all actions, `[B, A] float32`."""
        return self.head(self.torso(observation))  # type: ignore[no-any-return]
