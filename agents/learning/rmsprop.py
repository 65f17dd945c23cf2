"""RMSProp as DQN was first trained with it."""

from collections.abc import Callable
from typing import Any

import torch


class CenteredRMSProp(torch.optim.Optimizer):
    """RMSProp that divides by the gradient's standard deviation, with epsilon inside the root.

    `g ← α g + (1 − α) ∇`, `s ← α s + (1 − α) ∇²`, `θ ← θ − η ∇ / √(s − g² + ε)` (Mnih et al. 2015,
    doi:10.1038/nature14236, Extended Data Table 1; Graves 2013, arXiv:1308.0850, eqs. 38 to 41).
    `torch.optim.RMSprop` adds epsilon outside the root, where .01 is a hundred times as much.

    Args:
        params: As for every optimiser of torch.
        lr: η.
        alpha: α, of both averages.
        eps: ε, in units of the squared gradient.
    """

    def __init__(self, params: Any, lr: float, alpha: float, eps: float) -> None:
        super().__init__(params, {"lr": lr, "alpha": alpha, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """Takes one step; closures are not for Q-learning."""
        for group in self.param_groups:
            alpha = group["alpha"]
            for parameter in group["params"]:
                gradient, state = parameter.grad, self.state[parameter]
                if gradient is None:
                    continue
                if not state:
                    state["grad_avg"] = torch.zeros_like(parameter)
                    state["square_avg"] = torch.zeros_like(parameter)
                mean, square = state["grad_avg"], state["square_avg"]
                mean.lerp_(gradient, 1 - alpha)
                square.mul_(alpha).addcmul_(gradient, gradient, value=1 - alpha)
                spread = square.addcmul(mean, mean, value=-1).add_(group["eps"]).sqrt_()
                parameter.addcdiv_(gradient, spread, value=-group["lr"])
