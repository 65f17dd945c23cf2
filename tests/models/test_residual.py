"""The residual torso: sizes by hand, blocks by their formula, weights of norm one."""

import copy
import io
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

from models.config import NetworkConfig
from models.factory import make_network
from models.q_network import QNetwork
from models.torsos import Residual, residual_sections


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def convolutions(module: nn.Module) -> list[nn.Conv2d]:
    return [m for m in module.modules() if isinstance(m, nn.Conv2d)]


def impala(shape: tuple[int, ...] = (2, 24, 20), **fields: Any) -> QNetwork:
    return make_network(NetworkConfig(torso="impala", hidden=(16,), **fields), shape, 3)


def images(*shape: int) -> Tensor:
    return torch.randint(256, shape or (5, 2, 24, 20), dtype=torch.uint8)


def original(layer: nn.Conv2d) -> nn.Parameter:
    """Return the weight of a convolution before normalisation."""
    parameter = dict(layer.named_parameters())["parametrizations.weight.original"]
    assert isinstance(parameter, nn.Parameter)
    return parameter


def largest_singular_value(weight: Tensor) -> float:
    return float(torch.linalg.matrix_norm(weight.detach().flatten(1), ord=2))


def enlarged(block: Residual) -> Residual:
    """Gives the block new, larger weights that its vectors know nothing of.

    Mostly the product of a filter's number and an input's: of rank one as a matrix of filters, not of inputs.
    """
    for layer in convolutions(block):
        filters, *rest = layer.weight.shape
        with torch.no_grad():
            original(layer).normal_(std=0.1).add_(torch.randn(filters, 1, 1, 1) * torch.randn(1, *rest))
    return block


def vectors(module: nn.Module) -> list[Tensor]:
    """Return the buffers of spectral normalisation: both singular vectors of each weight."""
    return [buffer.clone() for _, buffer in module.named_buffers()]


def test_impala_network_has_the_papers_parameters() -> None:
    """Section 1: 4*9*16 + 16 = 592 and 4 times 16*9*16 + 16 = 2,320; section 2: 16*9*32 + 32 = 4,640.

    Four times 32*9*32 + 32 = 9,248 in section 2, five times in section 3; sides 84, 42, 21, 11, and so
    11*11*32 = 3,872 features; 3,872*256 + 256 = 991,488 to 256 units; 256*6 + 6 = 1,542 to 6 actions.
    """
    network = make_network(NetworkConfig(torso="impala", hidden=(256,)), (4, 84, 84), 6)
    assert count(network) == 592 + 4 * 2_320 + 4_640 + 9 * 9_248 + 991_488 + 1_542


def test_a_pool_leaves_fewer_features_to_the_fully_connected_layers() -> None:
    """6*6*32 = 1,152 features; 1,152*256 + 256 = 295,168. The convolutions, 97,744, and the end stay."""
    network = make_network(NetworkConfig(torso="impala", hidden=(256,), pool=6), (4, 84, 84), 6)
    assert count(network) == 97_744 + 295_168 + 1_542


@pytest.mark.parametrize(("pool", "dense"), [(0, 1_982_720), (6, 590_080)])
def test_width_multiplies_all_filters(pool: int, dense: int) -> None:
    """Filters 32, 64, 64. Section 1: 4*9*32 + 32 = 1,184 and 4 times 9,248.

    Section 2: 32*9*64 + 64 = 18,496 and 4 times 64*9*64 + 64 = 36,928, section 3 this five times. Features
    11*11*64 = 7,744 or 6*6*64 = 2,304, times 256, + 256: 1,982,720 or 590,080.
    """
    config = NetworkConfig(torso="impala", hidden=(256,), width=2, pool=pool)
    network = make_network(config, (4, 84, 84), 6)
    assert count(network) == 1_184 + 4 * 9_248 + 18_496 + 9 * 36_928 + dense + 1_542


def test_spectral_normalisation_adds_no_parameter() -> None:
    assert count(impala(spectral=True)) == count(impala())


@pytest.mark.parametrize("size", [(84, 84), (96, 72), (24, 20), (1, 1)])
def test_with_a_pool_all_images_have_as_many_features(size: tuple[int, int]) -> None:
    """6*6*32 = 1,152; the grid before is 11x11, 12x9, 3x3 or 1x1."""
    network = impala((2, *size), pool=6)
    assert network.encode(images(1, 2, *size)).shape == (1, 1_152)


def test_without_a_pool_larger_images_have_more_features() -> None:
    """96x72, 48x36, 24x18, 12x9: 108 * 32."""
    assert impala((2, 96, 72)).encode(images(1, 2, 96, 72)).shape == (1, 3_456)


@pytest.mark.parametrize("spectral", [True, False])
def test_a_residual_block_equals_its_formula(spectral: bool) -> None:
    """`x + conv(ReLU(conv(ReLU(x))))`, with 3x3 kernels and a border of zeros."""
    block, inputs = Residual(4, spectral=spectral).eval(), torch.randn(3, 4, 6, 5)
    first, second = convolutions(block)
    between = functional.conv2d(inputs.clamp(min=0), first.weight, first.bias, padding=1)
    after = functional.conv2d(between.clamp(min=0), second.weight, second.bias, padding=1)
    torch.testing.assert_close(block(inputs), inputs + after)


def test_a_residual_block_leaves_its_input_as_it_was() -> None:
    inputs = torch.randn(3, 4, 6, 5)
    before = inputs.clone()
    Residual(4, spectral=False)(inputs)
    assert torch.equal(inputs, before)


@pytest.mark.parametrize("spectral", [True, False])
def test_sections_equal_their_formula(spectral: bool) -> None:
    """Each a convolution, the largest of 3x3 at every second place, two blocks; at the end a ReLU."""
    torso = residual_sections(2, NetworkConfig(torso="impala", spectral=spectral, zero_level=10)).eval()
    blocks = [m for m in torso if isinstance(m, Residual)]
    openings = [m for m in torso if isinstance(m, nn.Conv2d)]
    observation = images()
    expected = (observation.float() - 10) / 255
    for i, opening in enumerate(openings):
        expected = functional.conv2d(expected, opening.weight, opening.bias, padding=1)
        expected = functional.max_pool2d(expected, 3, 2, padding=1)
        expected = blocks[2 * i + 1](blocks[2 * i](expected))
    torch.testing.assert_close(torso(observation), expected.clamp(min=0).reshape(5, -1))


def test_the_residual_blocks_alone_are_normalised() -> None:
    """Two convolutions in each of six blocks; the three that open the sections are left alone."""
    layers = convolutions(impala(spectral=True))
    kinds = [parametrize.is_parametrized(layer, "weight") for layer in layers]
    assert kinds == ([False] + [True] * 4) * 3
    assert not any(parametrize.is_parametrized(layer) for layer in convolutions(impala()))


def test_passes_in_train_mode_make_the_largest_singular_value_one() -> None:
    """One step of the power iteration a pass: twenty find it within 5 %."""
    block = enlarged(Residual(16, spectral=True)).train()
    for _ in range(20):
        block(torch.randn(1, 16, 4, 4))
    block.eval()
    for layer in convolutions(block):
        assert largest_singular_value(original(layer)) > 5
        assert largest_singular_value(layer.weight) == pytest.approx(1, rel=0.05)


def test_a_new_network_is_normalised_already() -> None:
    for layer in convolutions(impala(spectral=True).eval()):
        if parametrize.is_parametrized(layer):
            assert largest_singular_value(layer.weight) == pytest.approx(1, rel=0.05)


def test_the_normalised_weight_is_the_weight_divided_by_one_number() -> None:
    for layer in convolutions(Residual(16, spectral=True).eval()):
        ratio = (original(layer) / layer.weight).detach()
        torch.testing.assert_close(ratio, ratio.mean().expand_as(ratio), rtol=1e-4, atol=0)
        assert float(ratio.mean()) == pytest.approx(largest_singular_value(original(layer)), rel=0.05)


def test_without_passes_in_train_mode_new_weights_are_not_normalised() -> None:
    """So the test above sees what the passes do."""
    layers = convolutions(enlarged(Residual(16, spectral=True)).eval())
    assert min(largest_singular_value(layer.weight) for layer in layers) > 1.2


def test_in_eval_mode_a_pass_changes_nothing() -> None:
    network = impala(spectral=True).eval()
    before, observation = vectors(network), images()
    first = network(observation)
    assert torch.equal(network(observation), first)
    assert all(map(torch.equal, vectors(network), before))


def test_in_train_mode_a_pass_moves_the_singular_vectors() -> None:
    network = impala(spectral=True).train()
    before = vectors(network)
    network(images())
    assert len(before) == 2 * 12
    assert not any(map(torch.equal, vectors(network), before))


def test_gradients_reach_the_weights_that_are_normalised() -> None:
    network = impala(spectral=True).train()
    (network(images()) ** 2).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


def test_a_normalised_weight_has_no_gradient_along_itself() -> None:
    """Its length does not matter, σ(c W) = c σ(W); so the inner product of both is 0."""
    block = Residual(8, spectral=True).eval()
    (block(torch.randn(2, 8, 5, 5)) ** 2).sum().backward()
    for layer in convolutions(block):
        weight = original(layer)
        assert weight.grad is not None
        cosine = functional.cosine_similarity(weight.detach().flatten(), weight.grad.flatten(), dim=0)
        assert abs(float(cosine)) < 1e-3


def trained(network: QNetwork) -> QNetwork:
    for _ in range(3):
        network.train()(images())
    return network.eval()


def test_a_deep_copy_of_a_normalised_network_gives_the_same() -> None:
    network, observation = trained(impala(spectral=True)), images()
    assert torch.equal(copy.deepcopy(network)(observation), network(observation))


def test_a_deep_copy_of_a_normalised_network_goes_its_own_way() -> None:
    network, observation = trained(impala(spectral=True)), images()
    before, values = vectors(network), network(observation)
    twin = copy.deepcopy(network)
    for parameter in twin.parameters():
        parameter.data.add_(0.1)
    trained(twin)
    assert not torch.allclose(twin(observation), values)
    assert torch.equal(network(observation), values)
    assert all(map(torch.equal, vectors(network), before))


def test_a_normalised_network_is_saved_and_loaded() -> None:
    network, observation = trained(impala(spectral=True)), images()
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    file.seek(0)
    other = impala(spectral=True).eval()
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(other(observation), network(observation))


@pytest.mark.parametrize("spectral", [True, False])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_the_layout_in_memory_changes_no_value(layout: torch.memory_format, spectral: bool) -> None:
    network, observation = impala(spectral=spectral).eval(), images()
    moved = copy.deepcopy(network).to(memory_format=layout)  # type: ignore[call-overload]
    torch.testing.assert_close(moved(observation), network(observation), atol=1e-4, rtol=0)
    moved.train()(observation)  # and the power iteration reads the weights in that layout too
    network.train()(observation)
    torch.testing.assert_close(vectors(moved), vectors(network), atol=1e-4, rtol=0)
