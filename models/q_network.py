"""Action values from an observation."""

import contextlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from models.heads import QuantileEmbedding
from models.layers import NoisyLinear


class QNetwork(nn.Module):
    """`Q(s, .)`: a torso, then a head with K numbers for each action.

    What the K numbers mean is told by `mean`, which makes one value of them; the rest of the network does
    not know.

    Args:
        torso: Maps observations `[B, *obs]` to features `[B, D]`; for images, convolutions come first.
        head: Maps features `[B, D]` to `[B, A K]` or `[B, A, K]`.
        num_actions: A.
        mean: Maps `[B, A, K]` to values `[B, A]`; None where K is 1.
        embedding: Modulates the features by quantile levels; the head then has one number an action.
    """

    def __init__(
        self,
        torso: nn.Sequential,
        head: nn.Module,
        num_actions: int,
        *,
        mean: Callable[[Tensor], Tensor] | None = None,
        embedding: QuantileEmbedding | None = None,
    ) -> None:
        super().__init__()
        self.torso, self.head, self.embedding = torso, head, embedding
        self._num_actions, self._mean = num_actions, mean
        self._noisy = [layer for layer in self.modules() if isinstance(layer, NoisyLinear)]
        self.noise: Tensor | None = None
        """What the noisy layers have, in one piece; None before the first draw, and without such layers."""

    def encode(self, observation: Tensor) -> Tensor:
        """Returns what the convolutions make of images `[B, S, H, W]`: `[B, D] float32`."""
        return self.torso[0](observation)  # type: ignore[no-any-return]

    def predict(self, observation: Tensor, taus: Tensor | None = None) -> Tensor:
        """Returns the K numbers of every action, `[B, A, K] float32`.

        Args:
            observation: `[B, *obs]`.
            taus: `[B, K]` quantile levels, for networks with an embedding; None: its own.
        """
        features = self.torso(observation)
        if self.embedding is None:
            return self.head(features).view(len(features), self._num_actions, -1)  # type: ignore[no-any-return]
        numbers = self.head(self.embedding(features, taus))
        return numbers.view(len(features), -1, self._num_actions).transpose(1, 2)  # type: ignore[no-any-return]

    def forward(self, observation: Tensor) -> Tensor:
        """Returns the values of all actions, `[B, A] float32`."""
        numbers = self.predict(observation)
        return numbers.squeeze(2) if self._mean is None else self._mean(numbers)

    @property
    def is_noisy(self) -> bool:
        """Whether there are noisy layers."""
        return bool(self._noisy)

    def resample(self, generator: torch.Generator) -> None:
        """Draws new noise for all noisy layers, if there are any."""
        if not self._noisy:
            return
        size = sum(layer.in_features + layer.out_features for layer in self._noisy)
        noise = torch.randn(size, generator=generator, device=generator.device)
        self.set_noise(noise.sign() * noise.abs().sqrt())

    def set_noise(self, noise: Tensor | None) -> None:
        """Takes what `noise` once was."""
        self.noise = noise
        sizes = [layer.in_features + layer.out_features for layer in self._noisy]
        parts = [None] * len(sizes) if noise is None else noise.split(sizes)
        for layer, part in zip(self._noisy, parts, strict=True):
            layer.set_noise(part)

    @contextlib.contextmanager
    def disable_noise(self) -> Iterator[None]:
        """Leaves the noise out inside the block."""
        for layer in self._noisy:
            layer.noise_disabled = True
        try:
            yield
        finally:
            for layer in self._noisy:
                layer.noise_disabled = False
