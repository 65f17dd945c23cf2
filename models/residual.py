"""Residual torso of IMPALA."""

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from models.config import NetworkConfig
from models.torsos import PixelScale

FILTERS = (16, 32, 32)  # of the three sections, times the width


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
    for filters in (config.width * f for f in FILTERS):
        layers += [nn.Conv2d(channels, filters, 3, padding=1, bias=config.bias)]
        layers += [nn.MaxPool2d(3, stride=2, padding=1)]
        layers += [Residual(filters, spectral=config.spectral, bias=config.bias) for _ in range(2)]
        channels = filters
    pool = [nn.AdaptiveMaxPool2d(config.pool)] if config.pool else []
    return nn.Sequential(*layers, nn.ReLU(inplace=True), *pool, nn.Flatten())
