"""Configuration of a Q-network."""

from dataclasses import dataclass
from typing import Literal

TorsoName = Literal["mlp", "small", "slim", "half", "nips", "nature", "der", "impala"]
Norm = Literal["none", "layer", "batch"]


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """The shape of the Q-network."""

    torso: TorsoName = "mlp"
    """Layers before the fully connected ones: none (mlp), or convolutions for images. small, slim and half
    are for CPUs; nips, nature, der and impala are those of the papers."""

    hidden: tuple[int, ...] = (128, 64)
    """Units of each fully connected hidden layer."""

    norm: Norm = "none"
    """Normalisation before each ReLU; layer: of fully connected layers only, batch: of all."""

    bias: bool = True
    """Whether hidden layers add a bias."""

    zero_level: int = 0
    """Gray level of images, 0 to 255, that reads as zero: best the background's."""

    dueling: bool = False
    """Whether state value and advantages have separate streams, each with its own last hidden layer."""

    noisy: float = 0.0
    """Initial noise of fully connected layers, for exploration (sigma; .5 in the papers); 0: none."""

    width: int = 1
    """Multiplies the filters of the torso impala."""

    spectral: bool = False
    """Whether the residual blocks of the torso impala have spectral normalisation."""

    pool: int = 0
    """Side of the grid that the torso impala max-pools to at its end; 0: no pooling."""
