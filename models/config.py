"""A Q-network as data."""

from dataclasses import dataclass
from typing import Literal

TorsoName = Literal["mlp", "small", "slim", "half", "compact", "nature"]
Norm = Literal["none", "layer", "batch"]


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """The shape of the Q-network."""

    torso: TorsoName = "mlp"
    """What comes before the fully connected layers: nothing (mlp), or convolutions for pictures."""

    hidden: tuple[int, ...] = (128, 64)
    """Units of each fully connected hidden layer."""

    norm: Norm = "none"
    """Normalisation before each ReLU; layer: of fully connected layers only, batch: of all."""

    bias: bool = True
    """Whether hidden layers add a bias."""

    zero_level: int = 0
    """Gray level of pictures, 0 to 255, that reads as zero: best the background's."""
