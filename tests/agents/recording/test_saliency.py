"""SmoothGrad: networks whose gradient is known, and the ones that are trained."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from agents.recording.saliency import SmoothGrad
from models.config import NetworkConfig, TorsoName
from models.factory import make_network
from models.torsos import CONVOLUTIONS


class Linear(nn.Module):
    """`Q(s, a) = Σ_i weights[a, i] s_i`."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = weights

    def forward(self, observation: Tensor) -> Tensor:
        return observation.float().flatten(1) @ self.weights.flatten(1).T


class Hinge(nn.Module):
    """`Q(s, 0) = max(s_0 - corner, 0)`: its slope is 0 below the corner and 1 above."""

    def __init__(self, corner: float) -> None:
        super().__init__()
        self.corner = corner

    def forward(self, observation: Tensor) -> Tensor:
        return torch.relu(observation[:, :1] - self.corner)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_map_of_a_linear_network_is_the_actions_weights() -> None:
    weights = torch.randn(3, 2, 5, 4, generator=seeded(1))
    images = torch.randint(256, (2, 5, 4), dtype=torch.uint8, generator=seeded(2))
    gradient = SmoothGrad(Linear(weights), (2, 5, 4), seeded())
    for action in range(3):
        torch.testing.assert_close(gradient(images, action), weights[action])


def test_pixels_without_effect_have_no_saliency() -> None:
    weights = torch.ones(2, 1, 6, 6)
    weights[:, :, 2:4, 1:3] = 0
    images = torch.randint(256, (1, 6, 6), dtype=torch.uint8, generator=seeded())
    gradient_map = SmoothGrad(Linear(weights), (1, 6, 6), seeded())(images, 0)[0]
    assert (gradient_map[2:4, 1:3] == 0).all()
    assert (gradient_map != 0).sum() == 32


@pytest.mark.parametrize("torso", CONVOLUTIONS)
def test_without_noise_it_is_the_plain_gradient_a_gray_level(torso: TorsoName) -> None:
    """The input that `PixelScale` gives to the convolutions has 255 times the slope."""
    network = make_network(NetworkConfig(torso=torso, hidden=(16,), zero_level=200), (2, 48, 48), 3).eval()
    images = torch.randint(256, (2, 48, 48), dtype=torch.uint8, generator=seeded())
    gradient_map = SmoothGrad(network, (2, 48, 48), seeded(), samples=1, noise=0.0)(images, 1)
    convolutions: Any = network.torso[0]
    scaled = ((images.float() - 200) / 255)[None].requires_grad_()
    features = network.torso[1](convolutions[1:](scaled))
    (plain,) = torch.autograd.grad(network.head(features)[0, 1], scaled)
    torch.testing.assert_close(gradient_map, plain[0] / 255)
    assert gradient_map.abs().max() > 0


@pytest.mark.parametrize("zero_level", [0, 255])
def test_the_network_reads_float_gray_levels_as_it_reads_uint8(zero_level: int) -> None:
    network = make_network(NetworkConfig(torso="small", zero_level=zero_level), (4, 16, 20), 2).eval()
    images = torch.randint(256, (3, 4, 16, 20), dtype=torch.uint8, generator=seeded())
    assert torch.equal(network(images), network(images.float()))


@pytest.mark.parametrize("zero_level", [0, 255])
def test_the_observation_stays_as_it_is(zero_level: int) -> None:
    network = make_network(NetworkConfig(torso="small", zero_level=zero_level), (1, 16, 16), 2).eval()
    images = torch.rand(1, 16, 16, generator=seeded()) * 255
    before = images.clone()
    SmoothGrad(network, (1, 16, 16), seeded(), samples=1, noise=0.0)(images, 0)
    assert torch.equal(images, before)


def test_map_of_a_state_vector_is_the_gradient_by_variable() -> None:
    network = make_network(NetworkConfig(hidden=(8,), norm="layer"), (4,), 2).eval()
    state = torch.randn(4, generator=seeded())
    gradient_map = SmoothGrad(network, (4,), seeded(), samples=1, noise=0.0)(state, 1)
    step = 1e-3 * torch.eye(4)
    with torch.no_grad():
        slope = (network(state + step) - network(state - step))[:, 1] / 2e-3
    torch.testing.assert_close(gradient_map, slope, atol=2e-3, rtol=0)


def test_noise_is_a_share_of_the_observations_range() -> None:
    """Range 10, share .2, so σ = 2; the corner lies one σ above s_0, which 15.9 % of the copies pass."""
    gradient = SmoothGrad(Hinge(2.0), (2,), seeded(), samples=20_000, noise=0.2)
    gradient_map = gradient(torch.tensor([0.0, 10.0]), 0)
    assert gradient_map[0].item() == pytest.approx(0.1587, abs=0.01)
    assert gradient_map[1].item() == 0


def test_one_generator_one_map() -> None:
    network = make_network(NetworkConfig(torso="small"), (1, 16, 16), 2).eval()
    images = torch.randint(256, (1, 16, 16), dtype=torch.uint8, generator=seeded())
    first, again, other = (SmoothGrad(network, (1, 16, 16), seeded(s), noise=0.1) for s in (3, 3, 4))
    assert torch.equal(first(images, 0), again(images, 0))
    assert torch.equal(first(images, 0), first(images, 0))
    assert not torch.equal(first(images, 0), other(images, 0))


def test_nothing_to_average_over_is_refused() -> None:
    with pytest.raises(ValueError, match="0 samples"):
        SmoothGrad(Hinge(0.0), (2,), seeded(), samples=0)
    with pytest.raises(ValueError, match="noise -1"):
        SmoothGrad(Hinge(0.0), (2,), seeded(), noise=-1)
