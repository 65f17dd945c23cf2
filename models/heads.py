"""Dueling streams."""

from torch import Tensor, nn


class DuelingHead(nn.Module):
    """State value plus mean-centred advantages of the actions.

    `Z(s, a) = V(s) + A(s, a) − mean_a A(s, a)` (Wang et al. 2016, arXiv:1511.06581, eq. 9), for each of
    the K outputs separately: for scalars, atoms and quantiles alike.

    Args:
        value: Maps features `[B, D]` to `[B, K]`.
        advantage: Maps features `[B, D]` to `[B, A K]`.
        num_actions: A.
    """

    def __init__(self, value: nn.Module, advantage: nn.Module, num_actions: int) -> None:
        super().__init__()
        self.value, self.advantage, self._num_actions = value, advantage, num_actions

    def forward(self, features: Tensor) -> Tensor:
        """Map `[B, D] -> [B, A, K]`."""
        advantage = self.advantage(features).unflatten(1, (self._num_actions, -1))
        return self.value(features).unsqueeze(1) + advantage - advantage.mean(1, keepdim=True)
