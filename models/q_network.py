"""Action values from an observation."""

from torch import Tensor, nn


class QNetwork(nn.Module):
    """`Q(s, .)`: a torso, then one plain linear layer with a value for each action.

    Args:
        torso: Maps observations `[B, *obs]` to features `[B, D]`; for pictures, convolutions come first.
        features: D.
        num_actions: A.
    """

    def __init__(self, torso: nn.Sequential, features: int, num_actions: int) -> None:
        super().__init__()
        self.torso = torso
        self.head = nn.Linear(features, num_actions)

    def encode(self, observation: Tensor) -> Tensor:
        """Returns what the convolutions make of pictures `[B, S, H, W]`: `[B, D] float32`."""
        return self.torso[0](observation)  # type: ignore[no-any-return]

    def forward(self, observation: Tensor) -> Tensor:
        """Returns the values of all actions, `[B, A] float32`."""
        return self.head(self.torso(observation))  # type: ignore[no-any-return]
