"""Saliency: the gradient of an action's value, and its overlay."""

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from agents.recording.drawing import VERMILLION, Colour, Floats, Image

BLUR = 3.0  # standard deviation in pixels (Greydanus et al. 2018, section 3.2)


class SmoothGrad:
    """Gradient of an action's value, averaged over noisy observations.

    `M(s, a) = 1/N Σ_i ∂Q(s + ε_i, a) / ∂s` with `ε_i ~ Normal(0, σ²)` (Smilkov et al. 2017,
    arXiv:1706.03825, section 3). σ is a share of the observation's own range, as there. All observations
    share one draw of the noise, so that the maps of a video change only when the video does.

    Images are differentiated in gray levels: the network takes floats from 0 to 255 as it takes `uint8`.
    The defaults are small, because these images are simpler than photographs. For one agent that had
    solved CartPole, over 25 time steps, `blurring_effect` of the map correlated
    with true occlusion at .69 with noise .01 (.70 with 64 samples), .66 without noise, .60 with noise .1.

    Args:
        network: Maps `[B, *obs]` to values `[B, A]`; in eval mode.
        shape: `obs`.
        generator: Draws the noise, once.
        samples: N.
        noise: σ / (max s - min s); 0 with one sample is the plain gradient.
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


def blurring_effect(images: Image, gradient: Floats) -> Floats:
    """Return the value's change under local blurring, `[h, w]`.

    Greydanus et al. 2018, arXiv:1711.00138, blur one spot after another and evaluate the network each
    time; this is the same to first order, at once: `|mask * Σ_s (blurred_s - image_s) gradient_s|`. A bare
    gradient would also highlight the empty background, where anything new changes the value. Images are
    `[S, h, w]`; so is the gradient, per gray level.
    """
    sharp = images.astype(np.float32)
    detail = np.stack([cv2.GaussianBlur(image, (0, 0), BLUR) for image in sharp]) - sharp
    spot = max(min(images.shape[1:]) / 40, 1.5)  # pixels
    return np.abs(cv2.GaussianBlur((detail * gradient).sum(axis=0), (0, 0), spot))


def normalise(effect: Floats) -> Floats:
    """Scale a non-negative map to [0, 1], its 99th percentile to 1 (Smilkov et al. 2017, section 4.1).

    Example:
        >>> normalise(np.array([0.0, 2.0, 2.0])).tolist()
        [0.0, 1.0, 1.0]
    """
    top = np.percentile(effect, 99.0) or effect.max()
    return np.minimum(effect / top, 1.0) if top > 0 else effect


def overlay(gray: Image, alpha: Floats, colour: Colour = VERMILLION) -> Image:
    """Blend a colour over a gray image by opacity `[h, w]`."""
    opacity = alpha[..., None]
    return np.rint((1 - opacity) * gray[..., None] + opacity * np.array(colour)).astype(np.uint8)
