"""Evaluations: seeds, episodes, random actions, the recording of values."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from agents.acting.episodes import Interrupted, play
from agents.acting.evaluator import Evaluator, RecordingPolicy, with_epsilon
from agents.acting.policy import GreedyPolicy
from agents.acting.score import evaluate
from agents.build import network_for
from agents.config import Config, with_fields
from agents.config.presets import preset_config
from envs.config import EnvConfig
from envs.factory import make_vector_env
from envs.spec import describe
from tests.toy import Constant

CONFIG = preset_config("fast", "CartPole-v1", "state")


def greedy(config: Config) -> GreedyPolicy:
    return GreedyPolicy(network_for(config, describe(config.env), torch.device("cpu")), torch.device("cpu"))


@pytest.mark.parametrize(("epsilon", "share"), [(0.0, 0.0), (0.5, 0.25), (1.0, 0.5)])
def test_evaluations_act_with_the_epsilon_of_the_protocol(epsilon: float, share: float) -> None:
    """Of two actions half of the random ones are the other: a share of epsilon / 2 goes right."""
    policy = with_epsilon(Constant(), epsilon, 2, CONFIG.seed, "evaluation")
    right = np.mean([policy.act(np.zeros((4, 4))) for _ in range(1_000)])
    assert right == pytest.approx(share, abs=0.03)


def test_an_evaluation_acts_in_active_environments_only() -> None:
    """Three games in two environments: the second rests while the first plays its second game."""
    policy = Constant()
    score = evaluate(make_vector_env(EnvConfig(obs="state"), [1, 2]), policy, 3)
    assert len(score.returns) == 3
    assert sum(policy.sizes) == score.lengths.sum() and set(policy.sizes) == {1, 2}


def test_periodic_evaluations_repeat_their_seeds_and_confirmations_never_do() -> None:
    evaluator = Evaluator(
        with_fields(CONFIG, {"evaluation.video_frames": 0, "evaluation.solved_episodes": 5}), greedy(CONFIG)
    )
    first, second = evaluator.periodic(), evaluator.periodic()
    assert np.array_equal(first.returns, second.returns)
    assert first.first is not None and second.first is not None
    assert np.array_equal(first.first, second.first)
    fresh = [evaluator.confirm(step).first for step in (100, 200, 100)]
    assert np.array_equal(fresh[0], fresh[2]) and not np.array_equal(fresh[0], fresh[1])  # type: ignore[arg-type]


def test_greedy_evaluations_are_those_of_a_run_without_epsilon() -> None:
    """On the same seeds, periodic ones and confirmations."""
    fields = {"evaluation.video_frames": 0, "evaluation.solved_episodes": 5, "evaluation.epsilon": 0.5}
    evaluator = Evaluator(with_fields(CONFIG, fields), greedy(CONFIG))
    plain = Evaluator(with_fields(CONFIG, fields | {"evaluation.epsilon": 0.0}), greedy(CONFIG))
    assert np.array_equal(evaluator.greedy().returns, plain.periodic().returns)
    assert np.array_equal(evaluator.confirm(7, greedy=True).returns, plain.confirm(7).returns)
    assert not np.array_equal(evaluator.confirm(7).returns, plain.confirm(7).returns)


def test_a_recording_policy_keeps_the_values_it_acted_on() -> None:
    policy = greedy(CONFIG)
    recording = RecordingPolicy(policy)
    observations = [np.random.default_rng(i).normal(size=(2, 4)).astype(np.float32) for i in range(3)]
    actions = [recording.act(observation) for observation in observations]
    for observation, action, values in zip(observations, actions, recording.recorded, strict=True):
        assert np.array_equal(values, policy.values(observation))
        assert np.array_equal(action, values.argmax(axis=1))


def after(calls: int) -> Callable[[], bool]:
    left = iter(range(calls))
    return lambda: next(left, None) is None


def test_play_asks_to_stop_before_each_step() -> None:
    env, policy = make_vector_env(EnvConfig(obs="state"), [1]), Constant()
    with pytest.raises(Interrupted):
        list(play(env, policy, env.reset(), should_stop=after(3)))
    assert len(policy.sizes) == 3


def test_values_with_noise_cannot_be_taken() -> None:
    """They are no values to compute returns from."""
    network = network_for(
        with_fields(CONFIG, {"network.noisy": 0.5}), describe(CONFIG.env), torch.device("cpu")
    )
    for noise, known in ((torch.Generator(), False), (None, True)):
        policy = GreedyPolicy(network, torch.device("cpu"), noise=noise)
        policy.act(np.ones((3, 4), np.float32))
        assert (policy.take_values() is not None) is known


@pytest.mark.parametrize("epsilon", [0.0, 1.0])
def test_the_values_acted_by_can_be_taken_once(epsilon: float) -> None:
    """There are none where every action was random."""
    policy, observation = greedy(CONFIG), np.ones((3, 4), np.float32)
    with_epsilon(policy, 1.0 - epsilon, 2, 1, "exploration").act(observation)
    policy.take_values()
    with_epsilon(policy, epsilon, 2, 1, "exploration").act(observation)
    taken = policy.take_values()
    assert policy.take_values() is None
    if epsilon:
        assert taken is None
    else:
        assert taken is not None and np.array_equal(taken, policy.values(observation))
