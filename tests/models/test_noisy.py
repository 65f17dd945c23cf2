"""Noisy layers: against weights formed one by one, and whose noise is whose."""

import copy
from typing import Any

import pytest
import torch
from scipy import stats
from torch import Tensor, nn
from torch.nn import functional

from models.config import NetworkConfig
from models.factory import make_network
from models.layers import NoisyLinear
from models.outputs import ImplicitQuantileOutput, QuantileOutput
from models.q_network import QNetwork

SIZES = [(6, 5), (1024, 300)]  # the second has more than 2**18 weights
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "quantiles": {"output": QuantileOutput(5)},
    "dueling": {"dueling": True},
    "iqn": {"output": ImplicitQuantileOutput(5)},
    "dueling iqn": {"dueling": True, "output": ImplicitQuantileOutput(5)},
    "pixels": {"torso": "small"},
}


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noisy_layer(inputs: int, units: int, *, bias: bool = True) -> tuple[NoisyLinear, Tensor]:
    """Return a layer with different sigmas, and its noise."""
    layer = NoisyLinear(inputs, units, bias=bias, sigma=0.5)
    for sigma in (layer.weight_sigma, layer.bias_sigma):
        if sigma is not None:
            nn.init.uniform_(sigma, 0.2, 0.8)
    noise = torch.randn(inputs + units)
    layer.set_noise(noise)
    return layer, noise


def plain(layer: NoisyLinear, noise: Tensor, inputs: Tensor) -> Tensor:
    """Return `(μ + σ ⊙ ε) x + b` with explicit weights."""
    incoming, outgoing = noise[: layer.in_features], noise[layer.in_features :]
    weight = layer.weight + layer.weight_sigma * (outgoing[:, None] * incoming[None, :])
    bias = layer.bias if layer.bias_sigma is None else layer.bias + layer.bias_sigma * outgoing
    return functional.linear(inputs, weight, bias)


def weight_noise(layer: NoisyLinear) -> Tensor:
    """Return ε: each unit vector's output minus the mean, divided by sigma."""
    effective = layer(torch.eye(layer.in_features)) - layer(torch.zeros(1, layer.in_features))
    return ((effective.t() - layer.weight) / layer.weight_sigma).detach()


def noisy_network(kind: str = "plain") -> tuple[QNetwork, Tensor]:
    """Return a network without noise, and observations for it."""
    fields = dict(KINDS[kind])
    output = copy.deepcopy(fields.pop("output", None))
    shape, inputs = (6,), torch.randn(4, 6)
    if "torso" in fields:
        shape, inputs = (2, 16, 20), torch.randint(256, (4, 2, 16, 20), dtype=torch.uint8)
    config = NetworkConfig(**{"hidden": (12, 8), "noisy": 0.5} | fields)
    network = make_network(config, shape, 3, output)
    return network, inputs


def noisy_layers(network: nn.Module) -> list[NoisyLinear]:
    return [layer for layer in network.modules() if isinstance(layer, NoisyLinear)]


def test_sigma_starts_at_its_share_of_the_inputs_root() -> None:
    """.5 / √16 = .125, weights' and biases' alike."""
    layer = NoisyLinear(16, 9, bias=True, sigma=0.5)
    assert layer.bias_sigma is not None
    assert torch.equal(layer.weight_sigma, torch.full((9, 16), 0.125))
    assert torch.equal(layer.bias_sigma, torch.full((9,), 0.125))


def test_means_start_uniform_within_one_by_the_inputs_root() -> None:
    """1 / √16 = .25; of 4,800 uniform draws the variance is .25² / 3 = .0208 within 5 %."""
    layer = NoisyLinear(16, 300, bias=True, sigma=0.5)
    draws = torch.cat([layer.weight.flatten(), layer.bias]).detach()
    assert 0.24 < draws.abs().max() <= 0.25
    assert float(draws.var()) == pytest.approx(0.25**2 / 3, rel=0.05)
    assert layer.bias.abs().max() > 0.2


@pytest.mark.parametrize("kind", KINDS)
def test_all_sigmas_of_a_network_start_at_their_share(kind: str) -> None:
    for layer in noisy_layers(noisy_network(kind)[0]):
        torch.testing.assert_close(
            layer.weight_sigma, torch.full_like(layer.weight, 0.5 / layer.in_features**0.5)
        )


def test_the_noise_of_weights_has_rank_one() -> None:
    layer, _ = noisy_layer(6, 5)
    singular = torch.linalg.svdvals(weight_noise(layer))
    assert singular[0] > 0.1
    assert singular[1] < 1e-4 * singular[0]


def test_the_noise_of_a_weight_is_the_product_of_its_inputs_and_its_units() -> None:
    """`ε_ij = f(ε_i) f(ε_j)`; the first p numbers taken are the inputs'."""
    layer, noise = noisy_layer(6, 5)
    torch.testing.assert_close(weight_noise(layer), torch.outer(noise[6:], noise[:6]), rtol=1e-3, atol=1e-4)


def test_the_noise_of_a_bias_is_its_units() -> None:
    layer, noise = noisy_layer(6, 5)
    assert layer.bias_sigma is not None
    torch.testing.assert_close(layer(torch.zeros(1, 6))[0], layer.bias + layer.bias_sigma * noise[6:])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [1, 32])
@pytest.mark.parametrize(("inputs", "units"), SIZES)
def test_a_noisy_layer_and_its_gradients_equal_the_plain_formula(
    inputs: int, units: int, batch: int, bias: bool
) -> None:
    layer, noise = noisy_layer(inputs, units, bias=bias)
    given = torch.randn(batch, inputs, requires_grad=True)
    wanted = [given, *layer.parameters()]
    assert len(wanted) == (5 if bias else 3)
    ours, theirs = layer(given), plain(layer, noise, given)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    gradients = [torch.autograd.grad((out**2).mean(), wanted) for out in (ours, theirs)]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_without_noise_taken_a_layer_is_its_mean() -> None:
    layer, inputs = NoisyLinear(6, 5, bias=True, sigma=0.5), torch.randn(4, 6)
    assert torch.equal(layer(inputs), functional.linear(inputs, layer.weight, layer.bias))


def test_drawn_noise_is_the_signed_root_of_normal_draws() -> None:
    """The inverse, x |x|, is normal: by Kolmogorov and Smirnov, for inputs' and units' numbers alike."""
    network = make_network(NetworkConfig(hidden=(4_000,), noisy=0.5), (4_000,), 2)
    network.resample(generator(1))
    assert network.noise is not None and len(network.noise) == 4_000 + 4_000 + 4_000 + 2
    normal = network.noise * network.noise.abs()
    for part in (normal[:4_000], normal[4_000:8_000], normal[8_000:]):
        assert stats.kstest(part.numpy(), "norm").pvalue > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_each_layer_has_its_own_part_of_the_networks_noise(kind: str) -> None:
    network, _ = noisy_network(kind)
    network.resample(generator(1))
    assert network.noise is not None
    sizes = [layer.in_features + layer.out_features for layer in noisy_layers(network)]
    for layer, part in zip(noisy_layers(network), network.noise.split(sizes), strict=True):
        inputs = torch.randn(3, layer.in_features)
        torch.testing.assert_close(layer(inputs), plain(layer, part, inputs))


@pytest.mark.parametrize("kind", KINDS)
def test_all_fully_connected_layers_are_noisy(kind: str) -> None:
    """But the embedding of quantile levels: noise is where the features and the values are made."""
    network, _ = noisy_network(kind)
    parts = [network.torso, network.head]
    layers = [m for part in parts for m in part.modules() if isinstance(m, nn.Linear)]
    assert layers and all(isinstance(layer, NoisyLinear) for layer in layers)


@pytest.mark.parametrize("torso", ["nips", "impala"])
def test_convolutions_are_never_noisy(torso: str) -> None:
    network = make_network(NetworkConfig(torso=torso, hidden=(8,), noisy=0.5), (2, 40, 40), 3)
    images = torch.randint(256, (4, 2, 40, 40), dtype=torch.uint8)
    before, values = network.encode(images), network(images)
    network.resample(generator(1))
    assert torch.equal(network.encode(images), before)
    assert not torch.allclose(network(images), values)


def test_all_rows_of_a_batch_have_the_same_noise() -> None:
    network, inputs = noisy_network()
    network.resample(generator(1))
    single = torch.cat([network(row[None]) for row in inputs])
    torch.testing.assert_close(network(inputs), single)


def test_a_network_knows_whether_it_is_noisy() -> None:
    quiet = make_network(NetworkConfig(hidden=(8,)), (6,), 3)
    assert (noisy_network()[0].is_noisy, quiet.is_noisy, quiet.noise) == (True, False, None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_without_noise_is_its_mean_and_noisy_again_afterwards(kind: str) -> None:
    network, inputs = noisy_network(kind)
    mean = network(inputs)
    network.resample(generator(1))
    noisy = network(inputs)
    assert not torch.allclose(noisy, mean)
    with network.disable_noise():
        assert torch.equal(network(inputs), mean)
    assert torch.equal(network(inputs), noisy)


def test_an_error_without_noise_leaves_the_network_noisy() -> None:
    network, inputs = noisy_network()
    network.resample(generator(1))
    noisy = network(inputs)
    with pytest.raises(KeyError), network.disable_noise():
        raise KeyError
    assert torch.equal(network(inputs), noisy)


def test_noise_is_neither_parameter_nor_buffer() -> None:
    network, _ = noisy_network()
    before = list(network.state_dict())
    network.resample(generator(1))
    assert list(network.state_dict()) == before
    parts = ("weight", "bias", "weight_sigma", "bias_sigma")
    assert before == [f"{at}.{part}" for at in ("torso.0.0", "torso.0.2", "head") for part in parts]


def test_loading_weights_leaves_the_noise() -> None:
    network, inputs = noisy_network()
    other, _ = noisy_network()
    for one, seed in ((network, 1), (other, 2)):
        one.resample(generator(seed))
    other.load_state_dict(network.state_dict())
    assert not torch.allclose(other(inputs), network(inputs))
    other.resample(generator(1))
    assert torch.equal(other(inputs), network(inputs))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_draws_the_same_noise(kind: str) -> None:
    network, inputs = noisy_network(kind)
    results = []
    for seed in (1, 2, 1):
        network.resample(generator(seed))
        results.append(network(inputs))
    assert torch.equal(results[0], results[2])
    assert not torch.allclose(results[0], results[1])


def test_each_draw_goes_on_with_the_generator() -> None:
    network, source = noisy_network()[0], generator(1)
    draws = []
    for _ in range(2):
        network.resample(source)
        draws.append(network.noise)
    assert not torch.isclose(*draws).any()


@pytest.mark.parametrize("kind", KINDS)
def test_noise_once_had_is_taken_again(kind: str) -> None:
    network, inputs = noisy_network(kind)
    network.resample(generator(1))
    noise, before = network.noise, network(inputs)
    network.resample(generator(2))
    network.set_noise(noise)
    assert network.noise is noise
    assert torch.equal(network(inputs), before)


def test_the_noise_of_before_the_first_draw_is_none_again() -> None:
    network, inputs = noisy_network()
    noise, before = network.noise, network(inputs)
    network.resample(generator(1))
    network.set_noise(noise)
    assert network.noise is None
    assert torch.equal(network(inputs), before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_deep_copy_has_noise_of_its_own(kind: str) -> None:
    network, inputs = noisy_network(kind)
    network.resample(generator(1))
    twin, before = copy.deepcopy(network), network(inputs)
    assert torch.equal(twin(inputs), before)
    twin.resample(generator(2))
    assert torch.equal(network(inputs), before)
    other = twin(inputs)
    assert not torch.allclose(other, before)
    network.resample(generator(3))
    assert torch.equal(twin(inputs), other)


def test_noise_of_a_deep_copy_is_disabled_separately() -> None:
    network, inputs = noisy_network()
    network.resample(generator(1))
    twin, noisy = copy.deepcopy(network), network(inputs)
    with twin.disable_noise():
        assert torch.equal(network(inputs), noisy)
        assert not torch.allclose(twin(inputs), noisy)
