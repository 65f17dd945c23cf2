"""From `NetworkConfig` to a `QNetwork`."""

import torch
from torch import nn

from models.config import NetworkConfig
from models.layers import DuelingHead, linear
from models.outputs import Output
from models.q_network import QNetwork
from models.torsos import CONVOLUTIONS, convolutions, fully_connected, residual_sections, smallest_image


def make_network(
    config: NetworkConfig,
    observation_shape: tuple[int, ...],
    num_actions: int,
    output: Output | None = None,
) -> QNetwork:
    """Build the network for observations `[D]` (torso mlp) or `[S, H, W]` (any other).

    The parameters are drawn from torch's current generator with torch's own initialisation. The output
    belongs to the network from then on; None: one value per action.

    Raises:
        ValueError: torso and observation do not match; the text names the fix.
    """
    output = output or Output()
    check(config, observation_shape)
    front, features = _front(config, observation_shape)
    # Dueling streams and embeddings come before the last hidden layer, as in their papers.
    early = config.dueling or output.embeds
    shared, own = (config.hidden[:-1], config.hidden[-1:]) if early else (config.hidden, ())
    torso = nn.Sequential(*front, fully_connected(features, shared, config))
    features = (features, *shared)[-1]

    def stream(outputs: int) -> nn.Module:
        last = linear((features, *own)[-1], outputs, sigma=config.noisy)
        return nn.Sequential(*fully_connected(features, own, config), last) if own else last

    head = stream(num_actions * output.size)
    if config.dueling:
        head = DuelingHead(stream(output.size), head, num_actions)
    output.connect(features)
    return QNetwork(torso, head, num_actions, output)


def _front(config: NetworkConfig, observation_shape: tuple[int, ...]) -> tuple[list[nn.Module], int]:
    """Return the convolutions, if any, and the number of their features."""
    if config.torso == "mlp":
        return [], observation_shape[0]
    build = residual_sections if config.torso == "impala" else convolutions
    convolution = build(observation_shape[0], config)
    convolution = convolution.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.no_grad():
        features = convolution.eval()(torch.zeros(1, *observation_shape, dtype=torch.uint8)).shape[1]
    return [convolution.train()], features


def check(config: NetworkConfig, observation_shape: tuple[int, ...]) -> None:
    """Raise a `ValueError`, whose text names the fix, if the torso does not read such observations."""
    torso, sides = config.torso, observation_shape[1:]
    if torso not in ("mlp", "impala", *CONVOLUTIONS):
        raise ValueError(
            f"--network.torso {torso} is unknown; choose one of mlp, impala, {', '.join(CONVOLUTIONS)}."
        )
    if torso != "impala" and (config.width != 1 or config.spectral or config.pool):
        raise ValueError(
            "--network.width, --network.spectral and --network.pool are for --network.torso impala; "
            f"leave them out with {torso}."
        )
    if torso == "mlp" and sides:
        raise ValueError(
            "--network.torso mlp reads state vectors; choose nature, nips, slim or small for images, or "
            "--obs state."
        )
    if torso != "mlp" and not sides:
        raise ValueError(
            f"--network.torso {torso} reads images; choose mlp for a state vector, or --obs pixels."
        )
    if torso == "impala" and config.norm in ("batch", "layer-all"):
        raise ValueError(f"--network.norm {config.norm} is not for torso impala; use layer or none.")
    if torso in CONVOLUTIONS and min(sides) < (least := smallest_image(torso)):
        raise ValueError(
            f"--env.size {sides[0]} {sides[1]} is smaller than the receptive field of torso {torso}; make "
            f"both at least {least}."
        )
