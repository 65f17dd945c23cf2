"""Action values from an observation."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from models.layers import NoisyLinear
from models.outputs import Output
from models.prediction import Prediction


class QNetwork(nn.Module):
    """`Q(s, .)`: a torso, a head with K outputs per action, and their interpretation.

    Args:
        torso: Maps observations `[B, *obs]` to features `[B, D]`; for images, convolutions come first.
        head: Maps features `[B, D]` to `[B, A K]` or `[B, A, K]`.
        num_actions: A.
        output: Turns the head's outputs into a prediction.
    """

    def __init__(self, torso: nn.Sequential, head: nn.Module, num_actions: int, output: Output) -> None:
        super().__init__()
        self.torso, self._num_actions = torso, num_actions
        self.head, self.embedding = head, output  # names in saved agents: only IQN's output has weights
        self._noisy = [layer for layer in self.modules() if isinstance(layer, NoisyLinear)]
        self._noise_sizes = [layer.in_features + layer.out_features for layer in self._noisy]
        self.noise: Tensor | None = None
        """Noise of all noisy layers, in one piece; None before the first draw, and without such layers."""

    def encode(self, observation: Tensor) -> Tensor:
        """Return the convolutions' features of images `[B, S, H, W]`: `[B, D] float32`."""
        return self.torso[0](observation)  # type: ignore[no-any-return]

    def predict(self, observation: Tensor, generator: torch.Generator | None = None) -> Prediction:
        """Predict all actions' returns from `[B, *obs]`; in training a generator draws quantile levels."""
        return self.embedding.predict(self.torso(observation), self.outputs, generator)

    def outputs(self, features: Tensor) -> Tensor:
        """Map features `[B, D]` to the head's outputs, `[B, A, K] float32`."""
        return self.head(features).view(len(features), self._num_actions, -1)  # type: ignore[no-any-return]

    def forward(self, observation: Tensor) -> Tensor:
        """Return the values of all actions, `[B, A] float32`."""
        return self.predict(observation).mean

    @property
    def is_noisy(self) -> bool:
        """Whether there are noisy layers."""
        return bool(self._noisy)

    def resample(self, generator: torch.Generator) -> None:
        """Draw new noise for all noisy layers, if there are any."""
        if self._noisy:
            noise = torch.randn(sum(self._noise_sizes), generator=generator, device=generator.device)
            self.set_noise(noise.sign() * noise.abs().sqrt())

    def set_noise(self, noise: Tensor | None) -> None:
        """Set a noise that `noise` held before."""
        self.noise = noise
        parts = [None] * len(self._noisy) if noise is None else noise.split(self._noise_sizes)
        for layer, part in zip(self._noisy, parts, strict=True):
            layer.set_noise(part)

    @contextlib.contextmanager
    def disable_noise(self) -> Iterator[None]:
        """Disable the noise inside the `with` block."""
        for layer in self._noisy:
            layer.noise_disabled = True
        try:
            yield
        finally:
            for layer in self._noisy:
                layer.noise_disabled = False
