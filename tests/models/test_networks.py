"""The networks: sizes worked by hand, pictures scaled as written plainly, sentences for misfits."""

import typing

import pytest
import torch
from torch import nn

from models.config import NetworkConfig, Norm, TorsoName
from models.factory import make_network
from models.layers import WideLinear, linear
from models.torsos import CONVOLUTIONS, PixelScale, smallest_picture


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_chapters_network_has_the_textbooks_parameters() -> None:
    """4-128-64-2, BatchNorm for biases: 512 + 256, 8,192 + 128, and 130 in the plain last layer."""
    network = make_network(NetworkConfig(norm="batch", bias=False), (4,), 2)
    assert count(network) == 512 + 256 + 8_192 + 128 + 130
    kinds = [type(m).__name__ for m in network.modules() if not list(m.children())]
    assert kinds == ["Linear", "BatchNorm1d", "ReLU"] * 2 + ["Linear"]


def test_nature_network_has_the_papers_parameters() -> None:
    """Convolutions 8,224 + 32,832 + 36,928; 3,136 features to 512 units, 1,606,144; 6 actions, 3,078."""
    config = NetworkConfig(torso="nature", hidden=(512,))
    assert count(make_network(config, (4, 84, 84), 6)) == 8_224 + 32_832 + 36_928 + 1_606_144 + 3_078


@pytest.mark.parametrize("torso", CONVOLUTIONS)
@pytest.mark.parametrize("norm", typing.get_args(Norm))
def test_every_torso_reads_its_smallest_picture_and_refuses_a_smaller_one(
    torso: TorsoName, norm: Norm
) -> None:
    side = smallest_picture(torso)
    config = NetworkConfig(torso=torso, hidden=(8,), norm=norm)
    network = make_network(config, (2, side, side + 3), 3).eval()
    pictures = torch.randint(256, (5, 2, side, side + 3), dtype=torch.uint8)
    assert network(pictures).shape == (5, 3)
    with pytest.raises(ValueError, match=f"make both at least {side}"):
        make_network(config, (2, side - 1, side), 3)


def test_smallest_picture_worked_by_hand() -> None:
    """Nature: one unit of layer 3 sees 3 of layer 2, these (3-1)*2+4 = 8, these (8-1)*4+8 = 36."""
    assert smallest_picture("nature") == 36


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_pictures_are_scaled_as_written_plainly(layout: torch.memory_format) -> None:
    pictures = torch.randint(256, (3, 2, 4, 5), dtype=torch.uint8).contiguous(memory_format=layout)
    scaled = PixelScale(zero_level=55)(pictures)
    torch.testing.assert_close(scaled, (pictures.float() - 55) / 255)
    assert scaled.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("torso", "shape", "sentence"),
    [("mlp", (4, 84, 84), "reads state vectors"), ("nature", (4,), "reads pictures")],
)
def test_a_torso_for_the_other_observation_is_refused(
    torso: TorsoName, shape: tuple[int, ...], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        make_network(NetworkConfig(torso=torso), shape, 2)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [1, 32])
def test_a_wide_layer_equals_the_plain_one(batch: int, bias: bool) -> None:
    wide = linear(1024, 300, bias)
    assert type(wide) is WideLinear and type(linear(64, 32)) is nn.Linear
    plain = nn.Linear(1024, 300, bias=bias)
    plain.load_state_dict(wide.state_dict())
    results = []
    for layer in (wide, plain):
        inputs = torch.randn(batch, 1024, generator=torch.Generator().manual_seed(1)).requires_grad_()
        out = layer(inputs)
        (out**2).mean().backward()
        results.append([out.detach(), inputs.grad, *(p.grad for p in layer.parameters())])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
