"""Networks that follow the online one: by copies, or by a running average."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrize import ParametrizationList
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Average:
    """Exponential moving average of a network, of parameters and running statistics alike.

    Args:
        network: Holds the average; a copy of `online` at first.
        online: The network that learns.
        rate: Share of `online` in each update, from 0 to 1.
    """

    def __init__(self, network: nn.Module, online: nn.Module, rate: float) -> None:
        pairs = zip(_tensors(network), _tensors(online), strict=True)
        pairs_of_floats = [pair for pair in pairs if pair[0].is_floating_point()]
        self._own, self._online = (list(column) for column in zip(*pairs_of_floats, strict=True))
        self._update = get_ema_multi_avg_fn(1 - rate)
        self._directions = [vector for norm in spectral_norms(network) for vector in norm.buffers()]

    @torch.no_grad()
    def update(self) -> None:
        """Average once more; singular vectors of spectral norms keep their length of 1."""
        self._update(self._own, self._online, 0)
        for vector in self._directions:
            functional.normalize(vector, dim=0, out=vector)


@torch.no_grad()
def copy_network(source: nn.Module, target: nn.Module) -> None:
    """Copy parameters and running statistics."""
    for own, other in zip(_tensors(target), _tensors(source), strict=True):
        own.copy_(other)


def stat_layers(network: nn.Module) -> list[nn.Module]:
    """Return the layers whose statistics are updated in train mode."""
    norms = (nn.BatchNorm1d, nn.BatchNorm2d)
    return [m for m in network.modules() if isinstance(m, norms)] + spectral_norms(network)


def spectral_norms(network: nn.Module) -> list[nn.Module]:
    """Return the spectral norms, the only parametrisations of these networks."""
    lists = (module for module in network.modules() if isinstance(module, ParametrizationList))
    return [norm for parametrizations in lists for norm in parametrizations]


def _tensors(network: nn.Module) -> list[Tensor]:
    """Return parameters and buffers: running statistics belong to a network as much as its weights."""
    return [*network.parameters(), *network.buffers()]
