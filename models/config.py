"""A Q-network as data, with the bounds of its numbers."""

import math
from dataclasses import dataclass, field
from typing import Literal

TorsoName = Literal["mlp", "small", "slim", "half", "lean", "nips", "nature", "der", "impala"]
Norm = Literal["none", "layer", "layer-all", "batch"]


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """The architecture of the Q-network."""

    torso: TorsoName = "mlp"
    """Layers before the fully connected ones: none (mlp), or convolutions for images. small, slim, half and
    lean are small enough for CPUs; nips, nature, der and impala are those of the papers."""

    hidden: tuple[int, ...] = field(default=(128, 64), metadata={"bounds": (1, 65_536)})
    """Units of each fully connected hidden layer."""

    norm: Norm = "none"
    """Normalisation before each ReLU. layer: LayerNorm in the fully connected layers only; layer-all: in
    the convolutions too, over all channels and pixels of an image; batch: BatchNorm in all layers."""

    bias: bool = True
    """Bias terms in the hidden layers."""

    zero_level: int = field(default=0, metadata={"bounds": (0, 255)})
    """Gray level, 0 to 255, that becomes zero in the network's input; the background's is best."""

    dueling: bool = False
    """Separate streams for the state value and the advantages, each with its own last hidden layer."""

    noisy: float = field(default=0.0, metadata={"bounds": (0, math.inf)})
    """Initial noise scale (sigma) of noisy fully connected layers, 0.5 in the papers; 0: no noise."""

    width: int = field(default=1, metadata={"bounds": (1, 64)})
    """Torso impala: factor on the number of filters."""

    spectral: bool = False
    """Torso impala: spectral normalisation of the residual blocks."""

    pool: int = field(default=0, metadata={"bounds": (0, 1_024)})
    """Torso impala: side of the grid after a final adaptive max-pooling; 0: no pooling."""
