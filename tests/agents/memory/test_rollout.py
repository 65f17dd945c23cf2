"""λ-returns against the forward view, and the memory of one window against a plain loop over histories."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agents.learning.batch import Batch
from agents.memory.rollout import ROWS_AT_ONCE, Rollout, lambda_returns
from tests.agents.memory.histories import GAMMA, Step, feed, random_history

Array = NDArray[Any]
Ends = list[bool]
Contents = dict[int, Any]  # observation: [action, return]

TRACE = 0.65


def forward_view(
    reward: list[float], terminated: Ends, last: Ends, value: list[float], gamma: float, td_lambda: float
) -> list[float]:
    """λ-returns of one environment as weighted sums of n-step returns, each row for itself.

    The n-step return has the weight (1 - λ) λ^(n-1); the last one, where the episode or the window stops,
    has all that is left, λ^(n-1). A terminated step stops it too: its return is the reward alone.
    """
    returns = []
    for start in range(len(reward)):
        n_step, total = [], 0.0
        for n, t in enumerate(range(start, len(reward)), 1):
            total += gamma ** (n - 1) * reward[t]
            n_step.append(total if terminated[t] else total + gamma**n * value[t])
            if terminated[t] or last[t]:
                break
        weights = [(1 - td_lambda) * td_lambda**i for i in range(len(n_step) - 1)] + [
            td_lambda ** (len(n_step) - 1)
        ]
        returns.append(sum(weight * each for weight, each in zip(weights, n_step, strict=True)))
    return returns


def random_window(num_envs: int, num_steps: int, seed: int) -> tuple[Array, Array, Array, Array]:
    """Rewards, ends and values `[T, E]`."""
    steps = random_history(num_envs, num_steps, seed)[1]
    reward, terminated, last = (np.stack([step[i] for step in steps]) for i in (1, 2, 3))
    value = np.random.default_rng(seed).normal(0.0, 5.0, reward.shape)
    return reward.astype(np.float64), terminated, last, value


@settings(max_examples=300, deadline=None)
@given(
    num_envs=st.integers(1, 3),
    num_steps=st.integers(1, 25),
    seed=st.integers(0, 2**20),
    gamma=st.sampled_from([0.5, 0.9, 0.99, 1.0]),
    td_lambda=st.sampled_from([0.0, 0.3, 0.65, 0.95, 1.0]) | st.floats(0.0, 1.0),
)
def test_lambda_returns_are_those_of_the_forward_view(
    num_envs: int, num_steps: int, seed: int, gamma: float, td_lambda: float
) -> None:
    window = random_window(num_envs, num_steps, seed)
    returns = lambda_returns(*window, gamma, td_lambda)
    for e in range(num_envs):
        reward, terminated, last, value = (column[:, e].tolist() for column in window)
        expected = forward_view(reward, terminated, last, value, gamma, td_lambda)
        np.testing.assert_allclose(returns[:, e], expected, rtol=1e-9, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(num_steps=st.integers(1, 25), seed=st.integers(0, 2**20))
def test_lambda_0_gives_one_step_targets(num_steps: int, seed: int) -> None:
    reward, terminated, last, value = random_window(2, num_steps, seed)
    expected = np.where(terminated, reward, reward + GAMMA * value)
    np.testing.assert_allclose(lambda_returns(reward, terminated, last, value, GAMMA, 0.0), expected)


@settings(max_examples=100, deadline=None)
@given(num_steps=st.integers(1, 25), seed=st.integers(0, 2**20))
def test_lambda_1_gives_monte_carlo_returns(num_steps: int, seed: int) -> None:
    """The discounted rewards up to the stop, and the value there if it was no termination."""
    reward, terminated, last, value = random_window(1, num_steps, seed)
    returns = lambda_returns(reward, terminated, last, value, GAMMA, 1.0)
    for start in range(num_steps):
        stop = start
        while not (terminated[stop, 0] or last[stop, 0] or stop == num_steps - 1):
            stop += 1
        expected = sum(GAMMA ** (t - start) * reward[t, 0] for t in range(start, stop + 1))
        expected += GAMMA ** (stop + 1 - start) * value[stop, 0] * (not terminated[stop, 0])
        assert returns[start, 0] == pytest.approx(expected)


def golden(terminated: bool, last: bool) -> list[float]:
    """Rewards 1, 2, 4, values 8, 16, 32 of the successors, γ = λ = 0.5; the second step ends something."""
    reward, value = np.array([[1.0], [2.0], [4.0]]), np.array([[8.0], [16.0], [32.0]])
    second = np.array([[False], [True], [False]])
    returns = lambda_returns(reward, second & terminated, second & last, value, 0.5, 0.5)
    return returns[:, 0].tolist()


def test_window_end_bootstraps_from_the_value_alone() -> None:
    """4 + 0.5·32 = 20; 2 + 0.5 (0.5·16 + 0.5·20) = 11; 1 + 0.5 (0.5·8 + 0.5·11) = 5.75."""
    assert golden(terminated=False, last=False) == [5.75, 11.0, 20.0]


def test_termination_leaves_the_reward_alone() -> None:
    """4 + 0.5·32 = 20, of the next episode; 2; 1 + 0.5 (0.5·8 + 0.5·2) = 3.5."""
    assert golden(terminated=True, last=True) == [3.5, 2.0, 20.0]


def test_truncation_bootstraps_from_the_value_alone() -> None:
    """4 + 0.5·32 = 20, of the next episode; 2 + 0.5·16 = 10; 1 + 0.5 (0.5·8 + 0.5·10) = 5.5."""
    assert golden(terminated=False, last=True) == [5.5, 10.0, 20.0]


def test_life_loss_ends_the_value_though_the_episode_goes_on() -> None:
    """4 + 0.5·32 = 20; 2, nothing of the 20 after it; 1 + 0.5 (0.5·8 + 0.5·2) = 3.5."""
    assert golden(terminated=True, last=False) == [3.5, 2.0, 20.0]


def values(observations: Array) -> Array:
    """Action values `[B, 3]` of observations `[B, 1]`."""
    return (5 * np.cos(observations * np.array([1.0, 1.7, 2.3]))).astype(np.float32)


def best(number: int) -> float:
    """What the value of an observation is: that of its best action."""
    return max(float(value) for value in values(np.array([[number]]))[0])


def make(
    window: int,
    num_envs: int,
    valued: Callable[[Array], Array] = values,
    *,
    latest: Callable[[], Array | None] = lambda: None,
    seed: int = 0,
) -> Rollout:
    return Rollout(
        num_steps=window,
        num_envs=num_envs,
        observation_shape=(1,),
        dtype=np.int64,
        gamma=GAMMA,
        td_lambda=TRACE,
        values=valued,
        latest=latest,
        generator=np.random.default_rng(seed),
    )


def full(
    window: int, num_envs: int, valued: Callable[[Array], Array] = values
) -> tuple[Rollout, list[Step]]:
    """A memory after one window of a random history, and the next three."""
    first, steps = random_history(num_envs, 4 * window, 11)
    memory = make(window, num_envs, valued)
    memory.start(first[:, None])
    feed(memory, steps[:window])
    return memory, steps[window:]


def contents(batch: Batch) -> Contents:
    """What a batch holds."""
    columns = (batch.observation[:, 0], batch.action, batch.reward)
    return {number: rest for number, *rest in zip(*(column.tolist() for column in columns), strict=True)}


def naive_contents(seen: Array, steps: list[Step]) -> Contents:
    """What one window that starts from observations `[E]` must hold, by plain loops."""
    found: Contents = {}
    for e in range(len(seen)):
        observed = [int(seen[e]), *(int(step.now[e]) for step in steps[:-1])]
        ends = [bool(step.terminated[e]) for step in steps], [bool(step.last[e]) for step in steps]
        value = [best(int(step.following[e])) for step in steps]
        returns = forward_view([float(step.reward[e]) for step in steps], *ends, value, GAMMA, TRACE)
        for number, step, each in zip(observed, steps, returns, strict=True):
            found[number] = [int(step.action[e]), pytest.approx(each, abs=1e-4)]
    return found


def cut_short(steps: list[Step], times: set[int]) -> list[Step]:
    """The history as it is when all episodes in hand are truncated after the steps at `times`."""
    found = []
    for t, step in enumerate(steps):
        fresh = 1_000_000 + t * len(step.now) + np.arange(len(step.now))
        found.append(step._replace(last=step.last | True, now=fresh) if t in times else step)
    return found


@settings(max_examples=200, deadline=None)
@given(
    num_envs=st.integers(1, 3),
    window=st.integers(1, 12),
    num_windows=st.integers(1, 4),
    seed=st.integers(0, 2**20),
    cuts=st.sets(st.integers(0, 47), max_size=6),
)
def test_every_window_holds_what_plain_loops_find(
    num_envs: int, window: int, num_windows: int, seed: int, cuts: set[int]
) -> None:
    """Returns bootstrap from true last observations, and a window starts where the one before ended."""
    seen, steps = random_history(num_envs, window * num_windows, seed)
    truncated = cut_short(steps, cuts)
    memory = make(window, num_envs)
    memory.start(seen[:, None])
    for start in range(0, len(steps), window):
        for t in range(start, start + window):
            feed(memory, steps[t : t + 1])
            if t in cuts:
                memory.truncate(truncated[t].now[:, None])
        drawn = contents(memory.sample(window * num_envs))
        assert drawn == naive_contents(seen, truncated[start : start + window])
        seen = truncated[start + window - 1].now


@settings(max_examples=50, deadline=None)
@given(
    num_envs=st.integers(1, 3),
    window=st.integers(1, 12),
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=20),
)
def test_every_row_is_drawn_once_an_epoch(num_envs: int, window: int, sizes: list[int]) -> None:
    """Whatever the sizes of the batches, also those that reach into the next epoch."""
    memory, _ = full(window, num_envs)
    rows = torch.cat([memory.sample(size).indices for size in sizes]).tolist()
    total = window * num_envs
    for start in range(0, len(rows), total):
        epoch = rows[start : start + total]
        assert len(set(epoch)) == len(epoch)
        assert set(epoch) <= set(range(total))


def test_every_epoch_has_an_order_of_its_own() -> None:
    memory, _ = full(20, 3)
    orders = [tuple(memory.sample(60).indices.tolist()) for _ in range(5)]
    assert len({*orders, tuple(range(60))}) == 6


def test_a_new_window_starts_an_epoch_of_its_own() -> None:
    """Of the old window 10 of 60 rows were drawn; the first 60 of the new one are all different."""
    memory, steps = full(20, 3)
    memory.sample(10)
    feed(memory, steps[:20])
    assert sorted(memory.sample(60).indices.tolist()) == list(range(60))


def test_nothing_can_be_drawn_until_a_window_is_full() -> None:
    first, steps = random_history(2, 4, 11)
    memory = make(4, 2)
    memory.start(first[:, None])
    for step in steps:
        assert len(memory) == 0
        feed(memory, [step])
    assert len(memory) == 8


def test_the_full_window_is_drawn_from_until_the_next_is_full() -> None:
    """As where learning goes on while the environments play; the returns are those of the first batch."""
    memory, steps = full(4, 2)
    before = contents(memory.sample(8))
    for step in steps[:3]:
        feed(memory, [step])
        assert contents(memory.sample(8)) == before
    feed(memory, steps[3:4])
    assert not contents(memory.sample(8)).keys() & before.keys()


def test_a_batch_bootstraps_from_nothing_and_weighs_the_same_everywhere() -> None:
    batch = full(4, 2)[0].sample(8, 0.4)
    assert batch.discount.tolist() == [0.0] * 8
    assert batch.weight.tolist() == [1.0] * 8


def test_arrays_given_to_the_memory_may_be_written_anew() -> None:
    """As environments do that give out the same array every step."""
    first, steps = random_history(2, 30, 2)
    memory = make(30, 2)
    memory.start(first[:, None])
    given_out = [np.zeros_like(column) for column in steps[0]]
    for step in steps:
        for array, column in zip(given_out, step, strict=True):
            array[:] = column
        feed(memory, [Step(*given_out)])
    given_out[4][:] = given_out[5][:] = -1
    assert contents(memory.sample(60)) == naive_contents(first, steps)


def test_cut_in_mid_window_truncates_what_is_in_hand() -> None:
    """Both begun: γ = 0.9, the first rows stop at V(11) and V(51), not at the new observations."""
    memory = make(2, 2)
    memory.start(np.array([[10], [50]]))
    no, one = np.zeros(2, bool), np.ones(2)
    memory.add(one, one, no, no, np.array([[11], [51]]), np.array([[11], [51]]))
    memory.truncate(np.array([[30], [70]]))
    memory.truncate(np.array([[31], [71]]))  # nothing has begun: only the first observations change
    memory.add(one, one, no, no, np.array([[32], [72]]), np.array([[32], [72]]))
    successors = {10: 11, 50: 51, 31: 32, 71: 72}
    expected = {n: [1, pytest.approx(1 + 0.9 * best(then))] for n, then in successors.items()}
    assert contents(memory.sample(4)) == expected


def test_cut_before_the_first_step_changes_the_first_observation_only() -> None:
    """γ = 0.9: 1 + 0.9 V(31)."""
    memory = make(1, 1)
    memory.start(np.array([[10]]))
    memory.truncate(np.array([[30]]))
    no, one = np.array([False]), np.array([1.0])
    memory.add(one, one, no, no, np.array([[31]]), np.array([[31]]))
    assert contents(memory.sample(1)) == {30: [1, pytest.approx(1 + 0.9 * best(31))]}


def test_cut_of_a_window_in_use_leaves_its_returns() -> None:
    memory, _ = full(6, 2)
    before = contents(memory.sample(12))
    memory.truncate(np.array([[500], [501]]))
    assert contents(memory.sample(12)) == before


class Valuing:
    """Action values that count their calls; `changed` ones differ, as after learning."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.changed = 0.0

    def __call__(self, observations: Array) -> Array:
        self.sizes.append(len(observations))
        return values(observations) + np.float32(self.changed)


def test_a_window_is_valued_once_in_parts_of_bounded_size() -> None:
    """300 steps in 4 environments: 1200 observations, 4 after them, and the last ones of episodes."""
    valuing = Valuing()
    memory, _ = full(300, 4, valuing)
    ended = int(sum(step.last.sum() for step in random_history(4, 1_200, 11)[1][:300]))
    for _ in range(40):
        memory.sample(100)
    assert 0 < ended <= ROWS_AT_ONCE == 512
    assert valuing.sizes == [512, 512, 176, 4, ended]


@settings(max_examples=50, deadline=None)
@given(num_steps=st.integers(1, 12), unknown=st.sets(st.integers(0, 11)), seed=st.integers(0, 2**20))
def test_values_that_actions_were_chosen_by_are_not_computed_again(
    num_steps: int, unknown: set[int], seed: int
) -> None:
    """Where all actions were random there are none, and they are computed with the others."""
    first, steps = random_history(2, num_steps, seed)
    acted_on = [first, *(step.now for step in steps[:-1])]
    known = [None if t in unknown else values(now[:, None]) for t, now in enumerate(acted_on)]
    valuing, latest = Valuing(), iter(known)
    memory = make(num_steps, 2, valuing, latest=lambda: next(latest))
    memory.start(first[:, None])
    feed(memory, steps)
    assert contents(memory.sample(2 * num_steps)) == naive_contents(first, steps)
    ended = int(sum(step.last.sum() for step in steps))
    missing = 2 * len(unknown & set(range(num_steps)))
    assert valuing.sizes == [size for size in (missing, 2, ended) if size]


def test_returns_stand_still_while_the_network_learns() -> None:
    valuing = Valuing()
    memory, _ = full(5, 2, valuing)
    before = contents(memory.sample(10))
    valuing.changed = 100.0
    assert contents(memory.sample(10)) == before


def go_on(memory: Rollout, steps: list[Step]) -> list[Batch]:
    """Feed the steps one by one; return three batches of every full rollout."""
    batches = []
    for i in range(len(steps) + 1):
        if len(memory):
            batches += [memory.sample(7) for _ in range(3)]
        feed(memory, steps[i : i + 1])
    return batches


@settings(max_examples=100, deadline=None)
@given(
    window=st.integers(1, 12),
    num_steps=st.integers(0, 30),
    num_drawn=st.integers(0, 50),
    cut=st.booleans(),
    seed=st.integers(0, 2**20),
)
def test_restored_memory_goes_on_bit_by_bit(
    window: int, num_steps: int, num_drawn: int, cut: bool, seed: int
) -> None:
    """In mid-window or in mid-epoch, into a used twin; the first one has gone on since it was saved."""
    first, steps = random_history(2, num_steps + 30, seed)
    memory, twin = make(window, 2), full(window, 2)[0]
    memory.start(first[:, None])
    feed(memory, steps[:num_steps])
    if cut:
        memory.truncate(np.array([[500], [501]]))
    if len(memory) and num_drawn:
        memory.sample(num_drawn)
    state = memory.state_dict()
    batches = go_on(memory, steps[num_steps:])
    twin.load_state_dict(state)
    for wanted, found in zip(batches, go_on(twin, steps[num_steps:]), strict=True):
        assert all(torch.equal(*pair) for pair in zip(wanted, found, strict=True))


def test_memory_restored_in_mid_epoch_keeps_the_returns_that_it_had() -> None:
    """The network has learned since; 5 of 12 rows were drawn, and the other 7 still fit."""
    valuing = Valuing()
    memory, _ = full(6, 2)
    drawn = contents(memory.sample(5))
    twin, _ = full(6, 2, valuing)
    valuing.changed = 100.0
    twin.load_state_dict(memory.state_dict())
    assert {**drawn, **contents(twin.sample(7))} == contents(memory.sample(19))
