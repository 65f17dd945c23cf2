"""Saliency: the gradient of an action's value with respect to the observation."""

import torch
from torch import Tensor, nn


class SmoothGrad:
    """Gradient of an action's value, averaged over noisy observations.

    `M(s, a) = 1/N Σ_i ∂Q(s + ε_i, a) / ∂s` with `ε_i ~ Normal(0, σ²)` (Smilkov et al. 2017,
    arXiv:1706.03825, section 3). σ is a share of the observation's own range, as there. All observations
    share one draw of the noise, so that the maps of a video change only when the video does.

    Images are differentiated in gray levels: the network takes floats from 0 to 255 as it takes `uint8`.

    The defaults are small, because these images are simpler than photographs. For one agent that had
    solved CartPole, over 25 time steps, `agents.recording.drawing.blurring_effect` of the map correlated
    with true occlusion at .69 with noise .01 (.70 with 64 samples), .66 without noise, .60 with noise .1.

    Args:
        network: Maps `[B, *obs]` to values `[B, A]`; in eval mode.
        shape: `obs`.
        generator: Draws the noise, once.
        samples: N.
        noise: σ as a share of largest minus smallest entry of the observation; 0 with one sample is the
            plain gradient.
    """

    def __init__(
        self,
        network: nn.Module,
        shape: tuple[int, ...],
        generator: torch.Generator,
        *,
        samples: int = 4,
        noise: float = 0.01,
    ) -> None:
        if samples < 1 or noise < 0:
            raise ValueError(f"{samples} samples and noise {noise}: give 1 or more and 0 or more.")
        self._network = network
        self._noise = noise * torch.randn(samples, *shape, generator=generator)

    def __call__(self, observation: Tensor, action: int) -> Tensor:
        """Return the map of one observation `[*obs]`, in value per unit."""
        centre = observation.float()
        copies = centre + (centre.max() - centre.min()) * self._noise  # [N, *obs]
        copies.requires_grad_()
        value = self._network(copies)[:, action].sum()
        (gradient,) = torch.autograd.grad(value, copies)
        return gradient.mean(0)
