"""Optimisers: torch's own, RAdam at the speed of Adam, and the RMSProp of DQN."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from agents.config.sections import LearningConfig

UNADAPTED = 1e12  # an epsilon so large that no gradient matters beside it


def rectification(step: int, beta: float) -> float | None:
    """Return `r_t`, the factor of Adam's step; None before the variance is tractable.

    Liu et al. 2020, arXiv:1908.03265, Alg. 2; as in torch, from `ρ_t > 5` on. Here `step` is t, from 1, and
    `beta` is β₂.
    """
    longest = 2 / (1 - beta) - 1
    length = longest - 2 * step * beta**step / (1 - beta**step)
    if length <= 5:
        return None
    share = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    return float(share**0.5)


class RAdam(torch.optim.Adam):
    """`torch.optim.RAdam` by way of torch's Adam: equal but for rounding, and faster if fused.

    A step of RAdam is one of Adam with another learning rate, and, before it adapts, with an epsilon so
    large that it is all of the denominator.
    """

    def step(self) -> None:  # type: ignore[override]
        """Take one step; closures and groups of parameters are not supported."""
        (group,) = self.param_groups
        rate, epsilon, beta = group["lr"], group["eps"], group["betas"][1]
        group["taken"] = step = group.get("taken", 0) + 1
        share = rectification(step, beta)
        if share is None:
            group["lr"], group["eps"] = rate * UNADAPTED, UNADAPTED
        else:  # torch's RAdam adds epsilon before it corrects the bias, its Adam after
            group["lr"], group["eps"] = rate * share, epsilon / (1 - beta**step) ** 0.5
        super().step()
        group["lr"], group["eps"] = rate, epsilon


class CenteredRMSProp(torch.optim.Optimizer):
    """RMSProp that divides by the gradient's standard deviation, with epsilon inside the root.

    `g ← α g + (1 − α) ∇`, `s ← α s + (1 − α) ∇²`, `θ ← θ − η ∇ / √(s − g² + ε)` (Mnih et al. 2015,
    doi:10.1038/nature14236, Extended Data Table 1; Graves 2013, arXiv:1308.0850, eqs. 38 to 41).
    `torch.optim.RMSprop` adds epsilon outside the root, where .01 is a hundred times as much. Here `eps` is
    in units of the squared gradient, and `alpha` that of both averages.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, alpha: float, eps: float) -> None:
        super().__init__(params, {"lr": lr, "alpha": alpha, "eps": eps})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Take one step; closures are not supported."""
        for group in self.param_groups:
            alpha = group["alpha"]
            for parameter in group["params"]:
                gradient, state = parameter.grad, self.state[parameter]
                if gradient is None:
                    continue
                if not state:
                    state |= {name: torch.zeros_like(parameter) for name in ("grad_avg", "square_avg")}
                mean, square = state["grad_avg"], state["square_avg"]
                mean.lerp_(gradient, 1 - alpha)
                square.mul_(alpha).addcmul_(gradient, gradient, value=1 - alpha)
                spread = square.addcmul(mean, mean, value=-1).add_(group["eps"]).sqrt_()
                parameter.addcdiv_(gradient, spread, value=-group["lr"])


OPTIMIZERS: dict[str, Callable[[Iterable[Tensor], LearningConfig], torch.optim.Optimizer]] = {
    "adam": lambda p, s: torch.optim.Adam(p, s.learning_rate, eps=s.adam_epsilon, fused=True),
    "adamw": lambda p, s: torch.optim.AdamW(p, s.learning_rate, eps=s.adam_epsilon, fused=True),
    "radam": lambda p, s: RAdam(p, s.learning_rate, eps=s.adam_epsilon, fused=True),
    # Mnih et al. 2015, Extended Data Table 1; their .01 belongs to gradients summed over the batch.
    "rmsprop": lambda p, s: CenteredRMSProp(p, s.learning_rate, alpha=0.95, eps=0.01 / s.batch_size**2),
}
