"""The networks: sizes worked by hand, images scaled as written plainly, sentences for misfits."""

import re
import typing
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.config import NetworkConfig, Norm, TorsoName
from models.factory import make_network
from models.outputs import CategoricalOutput, QuantileOutput
from models.torsos import CONVOLUTIONS, PixelScale, smallest_image

# The image each torso is for, and the features it makes of one.
INTENDED: dict[str, tuple[tuple[int, ...], int]] = {
    "mlp": ((4,), 4),
    "small": ((4, 16, 60), 832),
    "slim": ((4, 84, 84), 1296),
    "half": ((4, 42, 42), 512),
    "lean": ((4, 42, 42), 288),
    "nips": ((4, 84, 84), 2592),
    "nature": ((4, 84, 84), 3136),
    "der": ((4, 84, 84), 576),
    "impala": ((4, 84, 84), 3872),
}
IMAGES = [name for name in INTENDED if name != "mlp"]
VARIANTS: dict[str, dict[str, Any]] = {name: {"torso": name} for name in INTENDED} | {
    "nips batch": {"torso": "nips", "norm": "batch", "bias": False},
    "half layer-all": {"torso": "half", "norm": "layer-all"},
    "nips layer": {"torso": "nips", "norm": "layer", "dueling": True},
    "impala wide": {"torso": "impala", "norm": "layer", "width": 2, "spectral": True, "pool": 6},
}


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def observations(batch: int, shape: tuple[int, ...]) -> Tensor:
    if len(shape) == 1:
        return torch.randn(batch, *shape)
    return torch.randint(256, (batch, *shape), dtype=torch.uint8)


def test_chapters_network_has_the_textbooks_parameters() -> None:
    """4-128-64-2, BatchNorm for biases: 512 + 256, 8,192 + 128, and 130 in the plain last layer."""
    network = make_network(NetworkConfig(norm="batch", bias=False), (4,), 2)
    assert count(network) == 512 + 256 + 8_192 + 128 + 130
    modules = [*network.torso.modules(), *network.head.modules()]
    kinds = [type(m).__name__ for m in modules if not list(m.children())]
    assert kinds == ["Linear", "BatchNorm1d", "ReLU"] * 2 + ["Linear"]


def test_layer_all_normalises_every_image_over_channels_and_pixels() -> None:
    """Equal to torch's LayerNorm of whole feature maps, before each ReLU."""
    network = make_network(NetworkConfig(torso="half", norm="layer-all"), (4, 42, 42), 3)
    images = torch.randint(0, 256, (5, 4, 42, 42), dtype=torch.uint8)
    layers: Any = network.torso[0]
    features = images
    for layer in layers:
        before, features = features, layer(features)
        if isinstance(layer, torch.nn.GroupNorm):
            whole = torch.nn.functional.layer_norm(before, before.shape[1:])
            torch.testing.assert_close(features, whole, atol=1e-4, rtol=1e-4)
    kinds = [type(layer).__name__ for layer in layers]
    assert kinds.count("GroupNorm") == 3
    assert kinds[1:4] == ["Conv2d", "GroupNorm", "ReLU"]


def test_nature_network_has_the_papers_parameters() -> None:
    """Convolutions 8,224 + 32,832 + 36,928; 3,136 features to 512 units, 1,606,144; 6 actions, 3,078.

    Those are 4*8*8*32 + 32, 32*4*4*64 + 64, 64*3*3*64 + 64; sides 84, 20, 9, 7, and 7*7*64 = 3,136.
    """
    config = NetworkConfig(torso="nature", hidden=(512,))
    assert count(make_network(config, (4, 84, 84), 6)) == 8_224 + 32_832 + 36_928 + 1_606_144 + 3_078


def test_nips_network_has_the_papers_parameters() -> None:
    """4*8*8*16 + 16 = 4,112; 16*4*4*32 + 32 = 8,224; sides 84, 20, 9: 9*9*32 = 2,592 features.

    2,592*256 + 256 = 663,808 to the 256 units; 256*6 + 6 = 1,542 to 6 actions.
    """
    config = NetworkConfig(torso="nips", hidden=(256,))
    assert count(make_network(config, (4, 84, 84), 6)) == 4_112 + 8_224 + 663_808 + 1_542


def test_data_efficient_network_has_the_papers_parameters() -> None:
    """4*5*5*32 + 32 = 3,232; 32*5*5*64 + 64 = 51,264; sides 84, 16, 3: 3*3*64 = 576 features.

    576*256 + 256 = 147,712 to the 256 units; 256*6 + 6 = 1,542 to 6 actions.
    """
    config = NetworkConfig(torso="der", hidden=(256,))
    assert count(make_network(config, (4, 84, 84), 6)) == 3_232 + 51_264 + 147_712 + 1_542


@pytest.mark.parametrize("dueling", [True, False])
def test_dueling_streams_have_the_papers_parameters(dueling: bool) -> None:
    """Two streams of 512 units on the 3,136 features of nature, 77,984 parameters, and 6 actions.

    Each 1,606,144 and 513 or 3,078; without dueling one of them.
    """
    config = NetworkConfig(torso="nature", hidden=(512,), dueling=dueling)
    value = 1_606_144 + 513 if dueling else 0
    assert count(make_network(config, (4, 84, 84), 6)) == 77_984 + value + 1_606_144 + 3_078


def test_noise_doubles_the_parameters_of_fully_connected_layers() -> None:
    """4-16-2 has 4*16 + 16 = 80 and 16*2 + 2 = 34, and as many sigmas."""
    plain, noisy = NetworkConfig(hidden=(16,)), NetworkConfig(hidden=(16,), noisy=0.5)
    assert [count(make_network(c, (4,), 2)) for c in (plain, noisy)] == [114, 228]


@pytest.mark.parametrize("torso", INTENDED)
def test_of_its_image_every_torso_makes_a_value_for_each_action(torso: TorsoName) -> None:
    shape, _ = INTENDED[torso]
    network = make_network(NetworkConfig(torso=torso, hidden=(8,)), shape, 5)
    values = network(observations(3, shape))
    assert values.shape == (3, 5) and values.dtype == torch.float32


@pytest.mark.parametrize("torso", IMAGES)
def test_features_of_its_image_counted_by_hand(torso: TorsoName) -> None:
    """Sides and filters: small 16x60, 4x15, 2x13 * 32; slim 84, 20, 9: 81 * 16; half 42, 20, 9, 4: 16 * 32.

    nips 81 * 32, nature 49 * 64, der 9 * 64, and impala 84, 42, 21, 11: 121 * 32.
    """
    shape, features = INTENDED[torso]
    network = make_network(NetworkConfig(torso=torso, hidden=(8,)), shape, 5)
    assert network.encode(observations(2, shape)).shape == (2, features)


def test_both_strides_of_the_data_efficient_torso_are_five() -> None:
    """Of 84 pixels a last stride of 4 would make as many; 105, 21, 4 against 5: 16 * 64 features."""
    network = make_network(NetworkConfig(torso="der", hidden=(8,)), (4, 105, 105), 5)
    assert network.encode(observations(2, (4, 105, 105))).shape == (2, 1024)


@pytest.mark.parametrize("torso", CONVOLUTIONS)
@pytest.mark.parametrize("norm", typing.get_args(Norm))
def test_every_torso_reads_its_smallest_image_and_refuses_a_smaller_one(
    torso: TorsoName, norm: Norm
) -> None:
    side = smallest_image(torso)
    config = NetworkConfig(torso=torso, hidden=(8,), norm=norm)
    network = make_network(config, (2, side, side + 3), 3).eval()
    assert network(observations(5, (2, side, side + 3))).shape == (5, 3)
    sentence = (
        f"{side - 1} {side} is smaller than the receptive field of torso {torso}; make both at least {side}"
    )
    with pytest.raises(ValueError, match=sentence):
        make_network(config, (2, side - 1, side), 3)


def test_smallest_image_worked_by_hand() -> None:
    """Nature: one unit of layer 3 sees 3 of layer 2, these (3-1)*2+4 = 8, these (8-1)*4+8 = 36.

    der: one unit of layer 2 sees 5 of layer 1, these (5-1)*5+5 = 25.
    """
    assert [smallest_image(torso) for torso in ("nature", "der")] == [36, 25]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_images_are_scaled_as_written_plainly(layout: torch.memory_format) -> None:
    images = torch.randint(256, (3, 2, 4, 5), dtype=torch.uint8).contiguous(memory_format=layout)
    scaled = PixelScale(zero_level=55)(images)
    torch.testing.assert_close(scaled, (images.float() - 55) / 255)
    assert scaled.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("torso", IMAGES)
def test_the_zero_level_reads_as_black_does_without_one(torso: TorsoName) -> None:
    shape, _ = INTENDED[torso]
    plain, shifted = (
        make_network(NetworkConfig(torso=torso, hidden=(8,), zero_level=level), shape, 3).eval()
        for level in (0, 200)
    )
    shifted.load_state_dict(plain.state_dict())
    images = torch.randint(40, (2, *shape), dtype=torch.uint8)
    torch.testing.assert_close(shifted(images + 200), plain(images), atol=1e-4, rtol=0)


@pytest.mark.parametrize("fields", VARIANTS.values(), ids=VARIANTS)
def test_a_batch_equals_its_images_one_at_a_time(fields: dict[str, Any]) -> None:
    shape, _ = INTENDED[fields["torso"]]
    network = make_network(NetworkConfig(hidden=(16,), **fields), shape, 3).eval()
    batch = observations(4, shape)
    with torch.no_grad():
        single = torch.cat([network(one[None]) for one in batch])
        torch.testing.assert_close(network(batch), single, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("torso", "shape", "sentence"),
    [
        ("mlp", (4, 84, 84), "mlp reads state vectors; choose nature, nips, slim or small"),
        ("nature", (4,), "nature reads images; choose mlp"),
        ("impala", (4,), "impala reads images; choose mlp"),
    ],
)
def test_a_torso_for_the_other_observation_is_refused(
    torso: TorsoName, shape: tuple[int, ...], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        make_network(NetworkConfig(torso=torso), shape, 2)


def test_an_unknown_torso_is_refused_with_those_there_are() -> None:
    sentence = "compact is unknown; choose one of mlp, impala, nature, nips, der, slim, half, lean, small."
    with pytest.raises(ValueError, match=re.escape(sentence)):
        make_network(NetworkConfig(torso="compact"), (4, 84, 84), 2)


@pytest.mark.parametrize("torso", [name for name in INTENDED if name != "impala"])
@pytest.mark.parametrize(
    "field", [{"width": 2}, {"spectral": True}, {"pool": 6}], ids=lambda f: next(iter(f))
)
def test_what_is_impalas_is_refused_with_another_torso(torso: TorsoName, field: dict[str, Any]) -> None:
    config = NetworkConfig(torso=torso, **field)
    with pytest.raises(ValueError, match=f"for --network.torso impala; leave them out with {torso}"):
        make_network(config, INTENDED[torso][0], 2)


def test_batch_norm_is_refused_with_impala() -> None:
    with pytest.raises(ValueError, match="norm batch is not for torso impala; use layer or none"):
        make_network(NetworkConfig(torso="impala", norm="batch"), (4, 84, 84), 2)


@pytest.mark.parametrize("torso", ["mlp", "nips"])
def test_predictions_have_k_numbers_for_each_action(torso: TorsoName) -> None:
    shape, _ = INTENDED[torso]
    network = make_network(NetworkConfig(torso=torso, hidden=(8,)), shape, 3, QuantileOutput(5))
    assert network.outputs(network.torso(observations(2, shape))).shape == (2, 3, 5)


def test_an_actions_numbers_are_neighbours_in_the_last_layer() -> None:
    """Without weights the last layer gives its biases, 0 to 5: action 0 has 0, 1, 2, action 1 has 3, 4, 5."""
    network = make_network(NetworkConfig(hidden=()), (4,), 2, QuantileOutput(3))
    network.load_state_dict({"head.weight": torch.zeros(6, 4), "head.bias": torch.arange(6.0)})
    assert network.outputs(torch.ones(1, 4)).tolist() == [[[0, 1, 2], [3, 4, 5]]]


def test_values_are_the_mean_of_the_predictions() -> None:
    """Of a distribution on the support -1, 0, 1."""
    network = make_network(NetworkConfig(hidden=(8,)), (4,), 2, CategoricalOutput(3, -1.0, 1.0))
    inputs = torch.randn(5, 4)
    probability = network.outputs(network.torso(inputs)).exp()
    by_hand = (probability[..., 2] - probability[..., 0]) / probability.sum(2)
    torch.testing.assert_close(network(inputs), by_hand)


def test_without_an_output_the_one_number_is_the_value() -> None:
    network = make_network(NetworkConfig(hidden=(8,)), (4,), 2)
    inputs = torch.randn(5, 4)
    assert torch.equal(network(inputs), network.outputs(network.torso(inputs))[:, :, 0])
