"""Prioritised draws, and the tree of sums behind them, against naive twins: plain lists and loops."""

import math
from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agents.memory.prioritized import LEAST, PrioritizedSampler
from agents.memory.replay import Replay
from agents.memory.sampling import Draw
from agents.memory.sum_tree import SumTree
from tests.agents.memory.histories import Step, feed, make_replay, random_history

Array = NDArray[Any]

NO_POWERS = st.sampled_from([1, 127, 128, 129, 16384, 16385, 32769]) | st.integers(1, 40_000)


def filled(size: int, seed: int, *, whole: bool) -> tuple[SumTree, list[float]]:
    """A tree and a plain list after the same random sets, many of places named twice or set to 0."""
    random = np.random.default_rng(seed)
    tree, naive = SumTree(size), [0.0] * size
    for _ in range(random.integers(1, 8)):
        places = random.integers(size, size=random.integers(1, 100))
        values = random.random(len(places)) * 10.0 ** random.uniform(-6, 6, len(places))
        values = (np.ceil(values) if whole else values) * (random.random(len(places)) < 0.7)
        tree.set(places, values)
        for place, value in zip(places.tolist(), values.tolist(), strict=True):
            naive[place] = value
    if not any(naive):
        naive[-1] = 3.0
        tree.set(np.array([size - 1]), 3.0)
    return tree, naive


def running_sums(naive: list[float]) -> Iterator[tuple[int, float, float]]:
    """Each place whose number is not 0, and the sums of the list before and after it."""
    total = 0.0
    for place, number in enumerate(naive):
        if number:
            yield place, total, total + number
            total += number


@settings(max_examples=150, deadline=None)
@given(size=NO_POWERS, seed=st.integers(0, 2**20))
def test_tree_holds_what_the_list_holds(size: int, seed: int) -> None:
    tree, naive = filled(size, seed, whole=False)
    assert tree.get(np.arange(size)).tolist() == naive
    assert tree.total == pytest.approx(math.fsum(naive), rel=1e-9)


@settings(max_examples=150, deadline=None)
@given(size=NO_POWERS, seed=st.integers(0, 2**20))
def test_find_is_the_running_sum_loop_also_at_exact_boundaries(size: int, seed: int) -> None:
    """Whole numbers, so that all sums are exact; a target where one place ends belongs to the next."""
    tree, naive = filled(size, seed, whole=True)
    targets, places = [], []
    for place, before, after in running_sums(naive):
        targets += [before, (before + after) / 2, float(np.nextafter(after, 0.0))]
        places += [place] * 3
    assert tree.find(np.array(targets)).tolist() == places


@settings(max_examples=150, deadline=None)
@given(size=NO_POWERS, seed=st.integers(0, 2**20))
def test_find_is_the_running_sum_loop_between_boundaries(size: int, seed: int) -> None:
    """Any numbers: a target must be found but where rounding, 1e-9 of the sum, could move a boundary."""
    tree, naive = filled(size, seed, whole=False)
    margin = 1e-9 * tree.total
    wide = [entry for entry in running_sums(naive) if entry[2] - entry[1] > 4 * margin]
    for part in (0.0, 0.3, 1.0):
        targets = [before + margin + part * (after - before - 2 * margin) for _, before, after in wide]
        assert tree.find(np.array(targets)).tolist() == [place for place, _, _ in wide]


@settings(max_examples=150, deadline=None)
@given(size=NO_POWERS, seed=st.integers(0, 2**20))
def test_places_with_number_0_are_never_found(size: int, seed: int) -> None:
    """Also at 0, at every boundary and just beside it, and at the sum itself, to which a draw may round."""
    tree, naive = filled(size, seed, whole=False)
    ends = np.array([end for _, before, after in running_sums(naive) for end in (before, after)])
    targets = np.concatenate([ends, np.nextafter(ends, 0.0), np.nextafter(ends, np.inf)])
    targets = np.append(targets, [0.0, tree.total * (1 - 1e-16), tree.total])
    assert (tree.get(tree.find(targets.clip(0.0, tree.total))) > 0).all()


def test_rounding_does_not_pile_up_in_the_sums() -> None:
    """After 1e9 was set and taken away in every place a thousand times, 300 numbers of 0.1 sum up to 30."""
    tree = SumTree(300)
    random = np.random.default_rng(0)
    for _ in range(1_000):
        tree.set(random.integers(300, size=40), 1e9 * random.random(40))
    tree.set(np.arange(300), 0.1)
    assert tree.total == pytest.approx(30.0, rel=1e-14)


def make(num_rows: int, rows: Any, alpha: float = 0.6, errors: Any = None) -> PrioritizedSampler:
    """A sampler with some rows, each added once, and their errors."""
    sampler = PrioritizedSampler(num_rows, np.random.default_rng(3), alpha)
    sampler.add(np.asarray(rows))
    if errors is not None:
        sampler.update_priorities(np.asarray(rows) + num_rows, np.asarray(errors, np.float32))
    return sampler


def priorities(holder: PrioritizedSampler | Replay) -> dict[int, float]:
    """Return p^α of each member, after a check of the invariants."""
    holder.check_valid()
    state = holder.state_dict()
    state = state.get("sampler", state)
    return dict(zip(state["rows"].tolist(), state["priorities"].tolist(), strict=True))


def with_holes(alpha: float) -> tuple[PrioritizedSampler, Array]:
    """150 rows with errors from 0.5 to 2, of which 6 at both ends and in between are removed again.

    Returns:
        The sampler and the chances `[150]` that its rows should have.
    """
    errors = np.random.default_rng(7).uniform(0.5, 2.0, 150).astype(np.float32)
    sampler = make(150, np.arange(150), alpha, errors)
    removed = np.array([0, 1, 64, 127, 128, 149])
    sampler.remove(removed)
    chances = (errors.astype(np.float64) + 1e-6) ** alpha
    chances[removed] = 0.0
    return sampler, chances / chances.sum()


def frequencies(sampler: PrioritizedSampler, batches: int, size: int) -> Array:
    rows = np.concatenate([sampler.sample(size, 0.4).rows for _ in range(batches)])
    return np.bincount(rows, minlength=150) / len(rows)


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
def test_chances_are_in_proportion_to_the_power_of_the_error(alpha: float) -> None:
    """Chi-square of 128,000 draws from 144 rows, 32 at once: below the 99.9 % quantile of 143 degrees, 201."""
    sampler, chances = with_holes(alpha)
    found, expected = frequencies(sampler, 4_000, 32), chances.clip(1e-12)
    assert 128_000 * ((found - chances) ** 2 / expected).sum() < 201.0


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
def test_every_frequency_is_within_three_percent_of_its_chance(alpha: float) -> None:
    """Draws of 1,440 at once, of which a row has about ten parts to itself, hardly vary: 100 are enough."""
    sampler, chances = with_holes(alpha)
    np.testing.assert_allclose(frequencies(sampler, 100, 1_440), chances, rtol=0.03)


def test_each_row_of_a_batch_comes_from_an_equal_part_of_the_sum() -> None:
    sampler, chances = with_holes(0.6)
    ends = np.cumsum(chances)
    for _ in range(50):
        rows = sampler.sample(32, 0.4).rows
        assert ((ends - chances)[rows] < np.arange(1, 33) / 32 + 1e-9).all()
        assert (ends[rows] > np.arange(32) / 32 - 1e-9).all()


def test_alpha_0_makes_all_rows_equal_whatever_their_errors() -> None:
    sampler = make(10, range(10), 0.0, np.arange(10.0))
    assert priorities(sampler) == dict.fromkeys(range(10), 1.0)


def test_new_rows_have_the_greatest_priority_so_far() -> None:
    """1 before any error; after an error of 8, and α 0.5, (8 + 1e-6)^0.5, also when its row is gone."""
    sampler = make(10, [4, 5], 0.5)
    assert priorities(sampler) == {4: 1.0, 5: 1.0}
    sampler.update_priorities(np.array([14]), np.array([8.0]))
    sampler.update_priorities(np.array([14]), np.array([2.0]))
    sampler.remove(np.array([4]))
    sampler.add(np.array([7]))
    assert priorities(sampler) == {5: 1.0, 7: (8.0 + LEAST) ** 0.5}


@pytest.mark.parametrize("beta", [0.0, 0.4, 1.0])
def test_weights_make_up_for_unequal_chances(beta: float) -> None:
    """`(N P(i))^-β`, divided by the greatest of the batch; with β 0 all are 1."""
    sampler, chances = with_holes(0.6)
    rows, weights, _ = sampler.sample(32, beta)
    plain = [(144 * chances[row]) ** -beta for row in rows.tolist()]
    assert weights.tolist() == pytest.approx([weight / max(plain) for weight in plain], rel=1e-5)
    assert weights.dtype == np.float32
    assert beta > 0 or weights.tolist() == [1.0] * 32


def test_errors_of_0_leave_every_row_drawable() -> None:
    sampler = make(20, range(20), 0.6, np.zeros(20))
    assert set(sampler.sample(60, 0.4).rows.tolist()) == set(range(20))


def test_an_error_of_0_beside_great_ones_still_leaves_a_chance() -> None:
    """(0 + 1e-6)^0.5 = 0.001."""
    assert priorities(make(3, range(3), 0.5, [0.0, 100.0, 1e6]))[0] == pytest.approx(0.001)


def test_a_divergence_that_rounding_made_negative_counts_as_0() -> None:
    """(max(-1.9e-6, 0) + 1e-6)^0.5 = 0.001; a negative number to this power would be no number."""
    sampler = make(3, range(3), 0.5, [-1.9e-6, 0.0, 4.0])
    assert priorities(sampler)[0] == priorities(sampler)[1] == pytest.approx(0.001)
    assert set(sampler.sample(100, 0.4).rows.tolist()) <= {0, 1, 2}


@pytest.mark.parametrize("error", [math.nan, math.inf])
def test_an_error_that_is_not_finite_is_refused_and_changes_nothing(error: float) -> None:
    sampler = make(5, range(3), 1.0, [1.0, 2.0, 3.0])
    before = priorities(sampler)
    with pytest.raises(FloatingPointError, match="finite"):
        sampler.update_priorities(np.array([5, 6]), np.array([5.0, error]))
    sampler.add(np.array([3]))
    assert priorities(sampler) == before | {3: 3.0 + LEAST}


@pytest.mark.parametrize("number", [-1e-9, math.nan, math.inf])
def test_tree_refuses_numbers_that_have_no_share(number: float) -> None:
    tree = SumTree(3)
    tree.set(np.array([0, 1]), np.array([1.0, 2.0]))
    with pytest.raises(FloatingPointError, match="finite numbers, 0 or more"):
        tree.set(np.array([1, 2]), np.array([3.0, number]))
    assert tree.get(np.arange(3)).tolist() == [1.0, 2.0, 0.0]


def test_a_removed_row_is_never_drawn() -> None:
    sampler = make(200, range(200))
    gone = np.array([0, 1, 63, 100, 127, 128, 130, 198, 199])
    sampler.remove(gone)
    drawn = sampler.sample(20_000, 0.4).rows
    assert set(drawn.tolist()) == set(range(200)) - set(gone.tolist())


def test_an_old_index_does_not_change_a_row_that_was_added_anew() -> None:
    sampler = make(10, [2, 3])
    old = sampler.sample(8, 0.4)
    sampler.remove(np.array([2]))
    sampler.add(np.array([2]))
    sampler.update_priorities(old.indices[old.rows == 2], np.full(4, 50.0))
    assert priorities(sampler) == {2: 1.0, 3: 1.0}


def test_an_old_index_does_not_raise_the_greatest_priority() -> None:
    sampler = make(10, [2, 3])
    sampler.remove(np.array([2]))
    sampler.update_priorities(np.array([12]), np.array([50.0]))
    sampler.add(np.array([4]))
    assert priorities(sampler)[4] == 1.0


def test_an_old_index_does_not_bring_a_removed_row_back() -> None:
    sampler = make(10, [2, 3])
    old = sampler.sample(8, 0.4)
    sampler.remove(np.array([2]))
    sampler.update_priorities(old.indices, np.full(8, 50.0))
    assert set(sampler.sample(1_000, 0.4).rows.tolist()) == {3}


def test_a_fresh_index_among_old_ones_still_counts() -> None:
    """Rows 2 and 3 were added once: indexs 12 and 13; row 2 is gone; (3 + 1e-6)^1."""
    sampler = make(10, [2, 3], 1.0)
    sampler.remove(np.array([2]))
    sampler.update_priorities(np.array([12, 13]), np.array([50.0, 3.0]))
    assert priorities(sampler) == {3: 3.0 + LEAST}


class NaiveSampler:
    """Members in a dictionary; every adding has a number of its own, and draws remember it."""

    def __init__(self, alpha: float) -> None:
        self.alpha, self.greatest, self._additions = alpha, 1.0, count()
        self.members: dict[int, tuple[int, float]] = {}  # row: number of its adding, p^α
        self.draws: list[tuple[int, int, int]] = []  # row, number of its adding, the real index

    def add(self, rows: Array) -> None:
        for row in rows.tolist():
            self.members[row] = (next(self._additions), self.greatest**self.alpha)

    def remove(self, rows: Array) -> None:
        for row in rows.tolist():
            self.members.pop(row, None)

    def draw(self, rows: Array, indices: Array) -> None:
        for row, index in zip(rows.tolist(), indices.tolist(), strict=True):
            self.draws.append((row, self.members[row][0], index))

    def update_priorities(self, picked: list[int], errors: list[float]) -> None:
        for (row, addition, _), error in zip([self.draws[i] for i in picked], errors, strict=True):
            if row in self.members and self.members[row][0] == addition:
                self.members[row] = (addition, (error + LEAST) ** self.alpha)
                self.greatest = max(self.greatest, error + LEAST)


def do(kind: str, seed: int, num_rows: int, sampler: PrioritizedSampler, naive: NaiveSampler) -> None:
    """Apply one operation to both; errors go to any earlier draws, outdated and duplicate ones too."""
    random = np.random.default_rng(seed)
    rows = random.integers(num_rows, size=random.integers(1, 12))
    if kind == "add":
        rows = np.array([row for row in np.unique(rows).tolist() if row not in naive.members], np.int64)
    if kind in ("add", "remove"):
        getattr(sampler, kind)(rows)
        getattr(naive, kind)(rows)
    elif kind == "sample" and naive.members:
        draw = sampler.sample(8, 0.5)
        naive.draw(draw.rows, draw.indices)
    elif kind == "update_priorities" and naive.draws:
        picked = random.integers(len(naive.draws), size=6)
        errors = random.exponential(2.0, 6)
        naive.update_priorities(picked.tolist(), errors.tolist())
        sampler.update_priorities(np.array([naive.draws[i][2] for i in picked.tolist()]), errors)


@settings(max_examples=200, deadline=None)
@given(
    num_rows=st.integers(1, 8) | st.integers(1, 300),
    alpha=st.sampled_from([0.0, 0.6, 1.0]),
    deeds=st.lists(
        st.tuples(
            st.sampled_from(["add", "add", "remove", "sample", "update_priorities"]), st.integers(0, 999)
        ),
        max_size=60,
    ),
)
def test_sampler_does_what_the_naive_sampler_does(
    num_rows: int, alpha: float, deeds: list[tuple[str, int]]
) -> None:
    sampler, naive = make(num_rows, np.zeros(0, np.int64), alpha), NaiveSampler(alpha)
    for kind, seed in deeds:
        do(kind, seed, num_rows, sampler, naive)
        assert len(sampler) == len(naive.members)
        expected = {row: priority for row, (_, priority) in naive.members.items()}
        assert priorities(sampler) == pytest.approx(expected, rel=1e-12)


def continue_with(sampler: PrioritizedSampler) -> list[Draw]:
    """Draw, set priorities, change the members and draw again."""
    first = sampler.sample(32, 0.4)
    sampler.update_priorities(first.indices, np.linspace(0.0, 9.0, 32))
    sampler.add(np.array([0, 149]))
    sampler.remove(np.arange(50, 60))
    return [first, sampler.sample(32, 0.4)]


def test_restored_sampler_resumes_to_the_bit() -> None:
    """A twin with other rows is restored; the state is independent of later changes."""
    sampler, twin = with_holes(0.6)[0], make(150, range(40, 90), 0.6, np.arange(50.0))
    state = sampler.state_dict()
    expected = continue_with(sampler)
    twin.load_state_dict(state)
    np.testing.assert_equal(continue_with(twin), expected)


def ring(num_steps: int) -> tuple[Replay, list[Step]]:
    """A prioritised memory of ten rows after some steps of one environment, and the next forty."""
    memory = make_replay(1, 10, 1, 1, "prioritized", shape=(1,))
    first, steps = random_history(1, num_steps + 40, 5)
    memory.start(first[:, None])
    feed(memory, steps[:num_steps])
    return memory, steps[num_steps:]


def test_errors_of_a_batch_change_the_rows_it_was_drawn_from() -> None:
    memory, _ = ring(8)
    batch = memory.sample(40)
    memory.update_priorities(batch.indices, batch.indices.float())
    assert priorities(memory) == pytest.approx(
        {index % 10: (index + LEAST) ** 0.6 for index in batch.indices.tolist()}
    )


def test_the_importance_sampling_exponent_reaches_the_weights() -> None:
    """Two equal memories draw the same rows; a weight is `(p / least p)^-β`, so with β 0.4 it is w^0.4."""
    weights = []
    for beta in (1.0, 0.4):
        memory, _ = ring(8)
        memory.update_priorities(memory.sample(40).indices, torch.linspace(0.0, 9.0, 40))
        weights.append(memory.sample(32, beta).weight)
    assert weights[0].min() < 0.5
    torch.testing.assert_close(weights[1], weights[0] ** 0.4)


def test_errors_of_an_old_batch_do_not_change_rows_written_since() -> None:
    """Forty steps later every one of the ten rows has been written anew."""
    memory, steps = ring(8)
    old = memory.sample(40)
    feed(memory, steps)
    before = priorities(memory)
    memory.update_priorities(old.indices, torch.full((40,), 50.0))
    assert set(old.indices.numpy() % 10) & set(before)
    assert priorities(memory) == before


def test_restored_prioritized_memory_draws_the_same_samples() -> None:
    """Errors of batches from before the saving, old ones too, still find their rows."""
    (memory, steps), (twin, _) = ring(30), ring(3)
    old = memory.sample(16)
    feed(memory, steps[:3])
    memory.update_priorities(memory.sample(16).indices, torch.linspace(0.0, 9.0, 16))
    twin.load_state_dict(memory.state_dict())
    for _ in range(3):
        for each in (memory, twin):
            each.update_priorities(old.indices, torch.linspace(0.0, 5.0, 16))
            feed(each, steps[3:6])
        left, right = [[column.clone() for column in each.sample(16, 0.4)] for each in (memory, twin)]
        assert all(torch.equal(*pair) for pair in zip(left, right, strict=True))
