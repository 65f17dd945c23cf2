"""Dueling streams and quantile levels, against their formulas written plainly."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.config import NetworkConfig
from models.factory import make_network
from models.layers import DuelingHead
from models.outputs import ImplicitQuantileOutput, QuantileOutput
from models.q_network import QNetwork

ACTIONS = 3
IQN: dict[str, dict[str, Any]] = {
    "plain": {},
    "no hidden layer": {"hidden": ()},
    "dueling": {"dueling": True},
    "noisy": {"noisy": 0.5},
    "pixels": {"torso": "small"},
}


def dueling_network(size: int, **fields: Any) -> tuple[QNetwork, DuelingHead]:
    config = NetworkConfig(**{"hidden": (16, 8), "dueling": True} | fields)
    network = make_network(config, (4,), ACTIONS, QuantileOutput(size))
    assert isinstance(network.head, DuelingHead)
    return network, network.head


def iqn_network(**fields: Any) -> tuple[QNetwork, Tensor]:
    """Return a network of quantile levels, with noise if it is noisy, and six observations."""
    config = NetworkConfig(**{"hidden": (16, 8)} | fields)
    pixels = config.torso != "mlp"
    shape, inputs = (4,), torch.randn(6, 4)
    if pixels:
        shape, inputs = (2, 16, 20), torch.randint(256, (6, 2, 16, 20), dtype=torch.uint8)
    network = make_network(config, shape, ACTIONS, ImplicitQuantileOutput(5))
    if network.is_noisy:
        network.resample(torch.Generator().manual_seed(3))
    return network, inputs


def predict(network: QNetwork, inputs: Tensor, taus: Tensor) -> Tensor:
    """Return the quantiles at given levels."""
    assert isinstance(network.embedding, ImplicitQuantileOutput)
    return network.embedding.at(taus, network.torso(inputs), network.outputs).quantiles


def make_embedding(features: int) -> ImplicitQuantileOutput:
    output = ImplicitQuantileOutput(5)
    output.connect(features)
    return output


def widths(module: nn.Module) -> list[tuple[int, int]]:
    return [(m.in_features, m.out_features) for m in module.modules() if isinstance(m, nn.Linear)]


@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize("hidden", [(16, 8), (8,), ()])
def test_dueling_is_value_plus_advantage_less_its_mean(size: int, hidden: tuple[int, ...]) -> None:
    network, head = dueling_network(size, hidden=hidden)
    inputs = torch.randn(6, 4)
    features = network.torso(inputs)
    value, advantage = head.value(features), head.advantage(features)
    predicted = network.outputs(features)
    assert predicted.shape == (6, ACTIONS, size)
    for k in range(size):
        of_actions = [advantage[:, action * size + k] for action in range(ACTIONS)]
        for action in range(ACTIONS):
            by_hand = value[:, k] + of_actions[action] - sum(of_actions) / ACTIONS
            torch.testing.assert_close(predicted[:, action, k], by_hand)


@pytest.mark.parametrize("size", [1, 5])
def test_the_mean_over_actions_is_the_states_value(size: int) -> None:
    network, head = dueling_network(size)
    inputs = torch.randn(6, 4)
    features = network.torso(inputs)
    torch.testing.assert_close(network.outputs(features).mean(1), head.value(features))


def test_dueling_worked_by_hand() -> None:
    """V = 10, A = 1, 2, 6 with mean 3: 10 - 2, 10 - 1, 10 + 3."""
    value, advantage = nn.Linear(1, 1, bias=False), nn.Linear(1, 3, bias=False)
    value.load_state_dict({"weight": torch.tensor([[10.0]])})
    advantage.load_state_dict({"weight": torch.tensor([[1.0], [2.0], [6.0]])})
    assert DuelingHead(value, advantage, 3)(torch.ones(1, 1)).tolist() == [[[8], [9], [13]]]


def test_the_last_hidden_layer_belongs_to_each_stream_and_earlier_ones_are_shared() -> None:
    network, head = dueling_network(5)
    assert widths(network.torso) == [(4, 16)]
    assert widths(head.value) == [(16, 8), (8, 5)]
    assert widths(head.advantage) == [(16, 8), (8, ACTIONS * 5)]


def test_without_dueling_all_hidden_layers_come_before_the_last() -> None:
    network = make_network(NetworkConfig(hidden=(16, 8)), (4,), ACTIONS, QuantileOutput(5))
    assert (widths(network.torso), widths(network.head)) == ([(4, 16), (16, 8)], [(8, ACTIONS * 5)])


def test_streams_share_no_parameter() -> None:
    _, head = dueling_network(5)
    value, advantage = ({id(p) for p in part.parameters()} for part in (head.value, head.advantage))
    assert len(value) == len(advantage) == 4
    assert not value & advantage


def test_streams_are_normalised_as_hidden_layers_are() -> None:
    _, head = dueling_network(5, norm="layer")
    for stream in (head.value, head.advantage):
        kinds = [type(m).__name__ for m in stream.modules() if not list(m.children())]
        assert kinds == ["Linear", "LayerNorm", "ReLU", "Linear"]


def test_levels_come_before_the_last_hidden_layer() -> None:
    """As in the paper, where they modulate what the convolutions make, 64 cosines a level."""
    network, _ = iqn_network()
    assert isinstance(network.embedding, ImplicitQuantileOutput)
    assert widths(network.torso) == [(4, 16)]
    assert widths(network.embedding) == [(64, 16)]
    assert widths(network.head) == [(16, 8), (8, ACTIONS)]


def test_the_embedding_equals_a_plain_loop() -> None:
    """`ψ_d ReLU(Σ_i cos(π i τ) w_di + b_d)`, i from 0 to 63; the levels of one row together."""
    embedding, features, taus = make_embedding(4), torch.randn(2, 4), torch.rand(2, 3)
    weight, bias = (tensor.tolist() for tensor in embedding.state_dict().values())
    rows = []
    for row, levels in zip(features.tolist(), taus.tolist(), strict=True):
        for tau in levels:
            cosines = [math.cos(math.pi * i * tau) for i in range(64)]
            sums = [sum(map(float.__mul__, cosines, w)) + b for w, b in zip(weight, bias, strict=True)]
            rows.append([f * max(s, 0.0) for f, s in zip(row, sums, strict=True)])
    torch.testing.assert_close(embedding.embed(features, taus), torch.tensor(rows))


def test_gradients_of_the_embedding_reach_features_and_weights() -> None:
    """Features of one: the gradient of the sum by a feature is the sum of its weights over the levels."""
    embedding, features, taus = make_embedding(4), torch.ones(1, 4, requires_grad=True), torch.rand(1, 3)
    out = embedding.embed(features, taus)
    out.sum().backward()
    torch.testing.assert_close(features.grad, out.detach().sum(0, keepdim=True))
    assert all(p.grad is not None and p.grad.any() for p in embedding.parameters())


def test_what_the_embedding_computes_with_is_not_saved() -> None:
    assert list(make_embedding(4).state_dict()) == ["_linear.weight", "_linear.bias"]


@pytest.mark.parametrize("fields", IQN.values(), ids=IQN)
def test_predictions_have_a_number_for_each_level(fields: dict[str, Any]) -> None:
    network, inputs = iqn_network(**fields)
    assert predict(network, inputs, torch.rand(6, 5)).shape == (6, ACTIONS, 5)


@pytest.mark.parametrize("fields", IQN.values(), ids=IQN)
def test_each_number_depends_on_its_own_level_alone(fields: dict[str, Any]) -> None:
    network, inputs = iqn_network(**fields)
    taus = torch.rand(6, 5)
    single = [predict(network, inputs, taus[:, [i]]) for i in range(5)]
    torch.testing.assert_close(predict(network, inputs, taus), torch.cat(single, dim=2))
    assert not torch.allclose(single[0], single[1])


@pytest.mark.parametrize("fields", IQN.values(), ids=IQN)
def test_levels_in_another_order_give_the_same_numbers_in_that_order(fields: dict[str, Any]) -> None:
    network, inputs = iqn_network(**fields)
    taus, order = torch.rand(6, 5), torch.tensor([3, 0, 4, 1, 2])
    ordered = predict(network, inputs, taus)[:, :, order]
    torch.testing.assert_close(predict(network, inputs, taus[:, order]), ordered)


@pytest.mark.parametrize("fields", IQN.values(), ids=IQN)
def test_each_row_depends_on_its_own_levels_alone(fields: dict[str, Any]) -> None:
    network, inputs = iqn_network(**fields)
    taus = torch.rand(6, 5)
    single = [predict(network, inputs[i : i + 1], taus[i : i + 1]) for i in range(6)]
    torch.testing.assert_close(predict(network, inputs, taus), torch.cat(single))


@pytest.mark.parametrize("fields", IQN.values(), ids=IQN)
def test_values_are_the_mean_over_32_midpoints(fields: dict[str, Any]) -> None:
    """1/64, 3/64, ..., 63/64."""
    network, inputs = iqn_network(**fields)
    taus = torch.arange(1, 64, 2).expand(6, 32) / 64
    torch.testing.assert_close(network(inputs), predict(network, inputs, taus).sum(2) / 32)


def test_dueling_with_levels_is_centred_at_each_level() -> None:
    network, inputs = iqn_network(dueling=True)
    assert isinstance(network.head, DuelingHead)
    assert isinstance(network.embedding, ImplicitQuantileOutput)
    taus = torch.rand(6, 5)
    features = network.embedding.embed(network.torso(inputs), taus)
    value = network.head.value(features).view(6, 5)
    torch.testing.assert_close(predict(network, inputs, taus).mean(1), value)
