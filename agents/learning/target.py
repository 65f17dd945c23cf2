"""Running averages of a network, and the layers that hold statistics."""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrize import ParametrizationList
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Average:
    """Exponential moving average of a network, of parameters and running statistics alike.

    `network` holds the average, at first a copy of `online`, which learns; `rate`, from 0 to 1, is the
    share of `online` in each update.
    """

    def __init__(self, network: nn.Module, online: nn.Module, rate: float) -> None:
        self._own, self._online = (
            [tensor for tensor in (*each.parameters(), *each.buffers()) if tensor.is_floating_point()]
            for each in (network, online)
        )
        self._update = get_ema_multi_avg_fn(1 - rate)
        self._directions = [vector for norm in spectral_norms(network) for vector in norm.buffers()]

    @torch.no_grad()
    def update(self) -> None:
        """Average once more; singular vectors of spectral norms keep their length of 1."""
        self._update(self._own, self._online, 0)
        for vector in self._directions:
            functional.normalize(vector, dim=0, out=vector)


def stat_layers(network: nn.Module) -> list[nn.Module]:
    """Return the layers whose statistics are updated in train mode."""
    norms = (nn.BatchNorm1d, nn.BatchNorm2d)
    return [m for m in network.modules() if isinstance(m, norms)] + spectral_norms(network)


def spectral_norms(network: nn.Module) -> list[nn.Module]:
    """Return the spectral norms, the only parametrisations of these networks."""
    return [norm for m in network.modules() if isinstance(m, ParametrizationList) for norm in m]
