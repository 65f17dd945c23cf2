"""Policies: greedy, with random actions, with and without noise in the network."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from agents.acting.policy import EpsilonGreedyPolicy, GreedyPolicy
from models.config import NetworkConfig
from models.factory import make_network
from models.q_network import QNetwork


class Values(nn.Module):
    """Action 2 is best wherever the observation is positive, else action 0."""

    is_noisy = False

    def forward(self, observation: Tensor) -> Tensor:
        sign = observation[:, :1]
        return torch.cat([-sign, torch.zeros_like(sign), sign], dim=1)


def make_policy(epsilon: float, seed: int = 0) -> EpsilonGreedyPolicy:
    greedy = GreedyPolicy(Values(), torch.device("cpu"))
    return EpsilonGreedyPolicy(greedy, 3, np.random.default_rng(seed), epsilon)


def test_epsilon_zero_is_greedy_and_one_is_uniform() -> None:
    observation = np.array([[1.0], [-1.0]] * 3_000, np.float32)
    greedy = make_policy(0.0).act(observation)
    assert (greedy[::2] == 2).all()
    assert (greedy[1::2] == 0).all()
    counts = np.bincount(make_policy(1.0).act(observation), minlength=3)
    assert np.abs(counts - 2_000).max() < 200


def test_epsilon_is_the_probability_of_a_random_action() -> None:
    """A third of the random actions are the greedy one: 0.3 * 2 / 3 = 20 % differ."""
    action = make_policy(0.3).act(np.ones((20_000, 1), np.float32))
    assert (action != 2).mean() == pytest.approx(0.2, abs=0.015)


def test_policy_resumes_exactly() -> None:
    first, second = make_policy(0.5, 1), make_policy(0.5, 2)
    observation = np.ones((50, 1), np.float32)
    first.act(observation)
    second.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(first.act(observation), second.act(observation))


@pytest.fixture
def noisy() -> QNetwork:
    torch.manual_seed(1)
    network = make_network(NetworkConfig(hidden=(8, 6), noisy=0.5), (4,), 3)
    network.resample(torch.Generator().manual_seed(1))
    return network.eval()


OBSERVATION = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
CPU = torch.device("cpu")


def test_policy_has_no_noise_by_default(noisy: QNetwork) -> None:
    plain = make_network(NetworkConfig(hidden=(8, 6)), (4,), 3)
    plain.load_state_dict({n: v for n, v in noisy.state_dict().items() if not n.endswith("_sigma")})
    policy, expected = GreedyPolicy(noisy, CPU), GreedyPolicy(plain, CPU).values(OBSERVATION)
    for _ in range(2):
        np.testing.assert_array_equal(policy.values(OBSERVATION), expected)
        noisy.resample(torch.Generator().manual_seed(2))


def test_a_noiseless_policy_keeps_the_noise_of_learning(noisy: QNetwork) -> None:
    observation = torch.from_numpy(OBSERVATION)
    before = noisy(observation)
    noiseless = torch.from_numpy(GreedyPolicy(noisy, CPU).values(OBSERVATION))
    assert torch.equal(noisy(observation), before)
    assert not torch.isclose(noiseless, before).any()


def test_noisy_policy_draws_anew_for_each_call(noisy: QNetwork) -> None:
    first, second = (GreedyPolicy(noisy, CPU, noise=torch.Generator().manual_seed(3)) for _ in range(2))
    values = [first.values(OBSERVATION), first.values(OBSERVATION)]
    again = [second.values(OBSERVATION), second.values(OBSERVATION)]
    np.testing.assert_array_equal(values, again)
    assert not np.isclose(values[0], values[1]).any()
