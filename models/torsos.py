"""Torsos: from observations to features."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from models.config import NetworkConfig
from models.layers import linear

# Filters, kernel and stride of each convolution.
CONVOLUTIONS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "nature": ((32, 8, 4), (64, 4, 2), (64, 3, 1)),  # Mnih et al. 2015, doi:10.1038/nature14236, Methods
    "nips": ((16, 8, 4), (32, 4, 2)),  # Mnih et al. 2013, arXiv:1312.5602, section 4.1
    "der": ((32, 5, 5), (64, 5, 5)),  # van Hasselt et al. 2019, arXiv:1906.05243, appendix E
    "slim": ((8, 8, 4), (16, 4, 2)),  # nips with half the filters, for CPUs
    "half": ((16, 4, 2), (32, 4, 2), (32, 3, 2)),  # for Atari in 42x42 images
    "lean": ((16, 5, 3), (32, 4, 2), (32, 3, 1)),  # likewise, with half the multiplications
    "small": ((16, 4, 4), (32, 3, 1)),  # for images already shrunk to few pixels, where each one counts
}


class PixelScale(nn.Module):
    """`uint8` images `[B, S, H, W]` as floats, channels last in memory.

    A background that is not zero adds the same large number to every sum of the first layer and drowns
    moving objects; so the background's gray level, 0 to 255, is mapped to 0; the scale is 1/255 a level.
    """

    def __init__(self, zero_level: int) -> None:
        super().__init__()
        self._zero_level = zero_level
        self._shift = torch.tensor(-zero_level / 255.0)  # no buffer: to torch it is a scalar on any device

    def forward(self, observation: Tensor) -> Tensor:
        """Return `[B, S, H, W] float32`, channels last in memory."""
        pixels = observation.contiguous(memory_format=torch.channels_last)
        if not self._zero_level:
            return pixels.to(torch.float32, copy=True).mul_(1.0 / 255.0)
        return torch.add(self._shift, pixels, alpha=1.0 / 255.0)


def fully_connected(inputs: int, hidden: Sequence[int], config: NetworkConfig) -> nn.Sequential:
    """Build linear layers, each followed by its normalisation and a ReLU."""
    layers: list[nn.Module] = []
    for units in hidden:
        layers.append(linear(inputs, units, config.bias, config.noisy))
        if config.norm != "none":
            layers.append((nn.BatchNorm1d if config.norm == "batch" else nn.LayerNorm)(units))
        layers.append(nn.ReLU())
        inputs = units
    return nn.Sequential(*layers)


def convolutions(channels: int, config: NetworkConfig) -> nn.Sequential:
    """Build the torso's convolutions, each with its normalisation and a ReLU, then flattened.

    LayerNorm is a GroupNorm of one group: it scales channels, not every pixel, and is faster.
    """
    layers: list[nn.Module] = [PixelScale(config.zero_level)]
    for filters, kernel, stride in CONVOLUTIONS[config.torso]:
        layers.append(nn.Conv2d(channels, filters, kernel, stride, bias=config.bias))
        if config.norm == "batch":
            layers.append(nn.BatchNorm2d(filters))
        if config.norm == "layer-all":
            layers.append(nn.GroupNorm(1, filters))
        layers.append(nn.ReLU(inplace=True))
        channels = filters
    return nn.Sequential(*layers, nn.Flatten())


class Residual(nn.Module):
    """`x + conv(ReLU(conv(ReLU(x))))` with a constant number of filters."""

    def __init__(self, filters: int, *, spectral: bool, bias: bool = True) -> None:
        super().__init__()
        pair = [nn.Conv2d(filters, filters, 3, padding=1, bias=bias) for _ in range(2)]
        first, second = (spectral_norm(layer) if spectral else layer for layer in pair)
        self._layers = nn.Sequential(nn.ReLU(), first, nn.ReLU(inplace=True), second)

    def forward(self, images: Tensor) -> Tensor:
        """Map `[B, F, H, W]` to the same shape."""
        return images + self._layers(images)


def residual_sections(channels: int, config: NetworkConfig) -> nn.Sequential:
    """Build three sections of a convolution, max-pooling and two residual blocks.

    Espeholt et al. 2018, arXiv:1802.01561, figure 3, right. Wider, with the residual blocks' weights
    divided by their largest singular value and with a pool of fixed size it is the torso of Clark et al.
    2024, arXiv:2411.03820, section 3.
    """
    layers: list[nn.Module] = [PixelScale(config.zero_level)]
    for filters in (16 * config.width, 32 * config.width, 32 * config.width):
        layers += [nn.Conv2d(channels, filters, 3, padding=1, bias=config.bias)]
        layers += [nn.MaxPool2d(3, stride=2, padding=1)]
        layers += [Residual(filters, spectral=config.spectral, bias=config.bias) for _ in range(2)]
        channels = filters
    pool = [nn.AdaptiveMaxPool2d(config.pool)] if config.pool else []
    return nn.Sequential(*layers, nn.ReLU(inplace=True), *pool, nn.Flatten())


def smallest_image(name: str) -> int:
    """Return the receptive field of a last unit, in pixels: the smallest image."""
    field = 1
    for _, kernel, stride in reversed(CONVOLUTIONS[name]):
        field = (field - 1) * stride + kernel
    return field
