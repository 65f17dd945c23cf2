"""From `NetworkConfig` to a `QNetwork`."""

import torch
from torch import nn

from models.config import NetworkConfig
from models.q_network import QNetwork
from models.torsos import convolutions, fully_connected, smallest_picture


def make_network(config: NetworkConfig, observation_shape: tuple[int, ...], num_actions: int) -> QNetwork:
    """Builds the network for observations `[D]` (torso mlp) or `[S, H, W]` (any other).

    The parameters are drawn from torch's current generator with torch's own initialisation.

    Raises:
        ValueError: torso and observation do not fit each other; the text names the fix.
    """
    pictures = len(observation_shape) == 3
    if config.torso == "mlp":
        if pictures:
            raise ValueError(
                "--network.torso mlp reads state vectors; choose nature, compact, slim or small for "
                "pictures, or --obs state."
            )
        features, front = observation_shape[0], []
    else:
        if not pictures:
            raise ValueError(
                f"--network.torso {config.torso} reads pictures; choose mlp for a state vector, "
                "or --obs pixels."
            )
        least = smallest_picture(config.torso)
        if min(observation_shape[1:]) < least:
            raise ValueError(
                f"--env.size {observation_shape[1]} {observation_shape[2]} is smaller than the "
                f"receptive field of torso {config.torso}; make both at least {least}."
            )
        channels = observation_shape[0]
        convolution = convolutions(config.torso, channels, config.norm, config.bias, config.zero_level)
        convolution = convolution.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        with torch.no_grad():
            blank = torch.zeros(1, *observation_shape, dtype=torch.uint8)
            features = convolution.eval()(blank).shape[1]
        front = [convolution.train()]
    hidden = fully_connected(features, config.hidden, config.norm, config.bias)
    torso = nn.Sequential(*front, hidden)
    return QNetwork(torso, (features, *config.hidden)[-1], num_actions)
