"""The replay memory against a naive twin: a list of episodes, written as plain loops."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.learning.batch import Batch
from agents.memory.replay import Replay
from agents.memory.sampling import Draw
from tests.agents.memory.histories import GAMMA, SAMPLERS, Step, feed, make_replay, random_history

Sample = tuple[Any, ...]  # stack, action, reward, discount, next stack
Place = tuple[int, int]  # episode, time in it


class NaiveMemory:
    """Keeps whole episodes; answers by looking, row by row.

    `rows[e]` lists everything written for environment e in order: (episode, time in the episode,
    frame). Only the newest `length` of them are there.
    """

    def __init__(self, num_envs: int, length: int, stack: int, n_step: int) -> None:
        self.length, self.stack, self.n = length, stack, n_step
        self.rows: list[list[tuple[int, int, int]]] = [[] for _ in range(num_envs)]
        self.steps: list[list[list[tuple[int, float, bool, bool]]]] = [[] for _ in range(num_envs)]

    def start(self, e: int, frame: int) -> None:
        self.steps[e].append([])
        self.rows[e].append((len(self.steps[e]) - 1, 0, frame))

    def add(self, e: int, action: int, reward: float, end: bool, last: bool, frame: int) -> None:
        episode = self.steps[e][-1]
        episode.append((action, reward, end, last))
        self.rows[e].append((len(self.steps[e]) - 1, len(episode), frame))

    def windows(self) -> Counter[Sample]:
        """Every window that may be drawn, and how often it is there."""
        found: Counter[Sample] = Counter()
        for e, rows in enumerate(self.rows):
            present = {(k, t): frame for k, t, frame in rows[-self.length :]}
            for k, t in present:
                found.update(self._window(self.steps[e][k], k, t, present))
        return found

    def _window(self, episode: list[Any], k: int, t: int, present: dict[Place, int]) -> list[Sample]:
        """The window from time t of episode k; none if it may not be drawn."""
        if t >= len(episode):
            return []  # a closing row, or the observation to act on
        if t + self.n > len(episode) and not episode[-1][3]:
            return []
        before = self._reach(k, t)
        if any(place not in present for place in before):
            return []
        value, alive, steps = 0.0, True, 0
        for _, reward, end, last in episode[t : t + self.n]:
            value += GAMMA**steps * reward * alive
            steps += 1
            alive = alive and not end
            if last:
                break
        seen, then = [tuple(present[p] for p in stack) for stack in (before, self._reach(k, t + steps))]
        return [(seen, episode[t][0], round(value, 4), round(GAMMA**steps * alive, 4), then)]

    def _reach(self, k: int, t: int) -> list[Place]:
        return [(k, max(t - j, 0)) for j in range(self.stack - 1, -1, -1)]


def images(numbers: Any, planes: int = 1) -> Any:
    """Frame numbers [..., S, 1] as images [..., S * planes, 2, 3], every pixel with a value of its own."""
    pixels = np.arange(planes * 6).reshape(planes, 2, 3)
    frames = np.asarray(numbers)[..., None, None] * 20 + pixels  # [..., S, planes, 2, 3]
    return frames.reshape(*frames.shape[:-4], -1, 2, 3).astype(np.int32)


def numbers(stack: torch.Tensor, planes: int) -> list[int]:
    """Frame numbers of images [S * planes, 2, 3], each pixel checked; a state vector as it is."""
    if stack.ndim == 1:
        return stack.tolist()
    frames = stack[::planes, 0, 0] // 20
    np.testing.assert_array_equal(stack, images(frames[:, None], planes))
    return frames.tolist()


def drive(memory: Replay, naive: NaiveMemory, history: tuple[Any, Sequence[Step]], planes: int = 1) -> None:
    """Feed both with the same history."""
    first, steps = history
    stacks = np.repeat(first[:, None, None], naive.stack, axis=1)  # [E, S, 1]
    memory.start(images(stacks, planes))
    for e, frame in enumerate(first.tolist()):
        naive.start(e, frame)
    for step in steps:
        following = np.concatenate([stacks[:, 1:], step.following[:, None, None]], axis=1)
        stacks = np.where(step.last[:, None, None], step.now[:, None, None], following)
        memory.add(*step[:4], images(following, planes), images(stacks, planes))
        columns = (step.action, step.reward, step.terminated, step.last, step.following)
        for e, entry in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
            naive.add(e, *entry)
        for e in np.flatnonzero(step.last).tolist():
            naive.start(e, int(step.now[e]))


def windows_of(batch: Batch, planes: int = 1) -> Counter[Sample]:
    """Return a batch as windows of the naive memory."""
    return Counter(
        (
            tuple(numbers(batch.observation[i], planes)),
            int(batch.action[i]),
            round(float(batch.reward[i]), 4),
            round(float(batch.discount[i]), 4),
            tuple(numbers(batch.next_observation[i], planes)),
        )
        for i in range(len(batch.action))
    )


def drawn(memory: Replay, planes: int = 1) -> Counter[Sample]:
    """Return the window of every row of the sampler."""
    memory.check_valid()
    rows = memory.state_dict()["sampler"]["rows"]
    if len(rows) == 0:
        return Counter()
    batch = memory.batch_of(Draw(rows, np.ones(len(rows), np.float32), rows))
    return windows_of(batch, planes)


@pytest.mark.parametrize("sampler", SAMPLERS)
@settings(max_examples=300, deadline=None)
@given(
    num_envs=st.integers(1, 3),
    stack=st.integers(1, 4),
    planes=st.sampled_from([1, 3]),
    n_step=st.integers(1, 5),
    spare=st.integers(0, 30),
    steps=st.integers(1, 120),
    seed=st.integers(0, 2**20),
)
def test_memory_holds_exactly_what_the_naive_memory_holds(
    sampler: str, num_envs: int, stack: int, planes: int, n_step: int, spare: int, steps: int, seed: int
) -> None:
    """With equal priorities, three draws a row reach every row: one falls well inside its part of the sum."""
    length = stack + n_step + 2 + spare
    memory = make_replay(num_envs, length, stack, n_step, sampler, planes=planes)
    naive = NaiveMemory(num_envs, length, stack, n_step)
    drive(memory, naive, random_history(num_envs, steps, seed), planes)
    expected = naive.windows()
    assert drawn(memory, planes) == expected
    assert len(memory) == expected.total()
    if sampler == "prioritized" and len(memory):
        assert set(windows_of(memory.sample(3 * len(memory)), planes)) == set(expected)


@pytest.mark.parametrize("sampler", SAMPLERS)
@settings(max_examples=60, deadline=None)
@given(
    n_step=st.integers(1, 4),
    stack=st.integers(1, 3),
    first=st.integers(1, 60),
    second=st.integers(1, 60),
    seed=st.integers(0, 2**20),
)
def test_restored_memory_resumes_exactly(
    sampler: str, n_step: int, stack: int, first: int, second: int, seed: int
) -> None:
    memory, twin = [make_replay(2, 20, stack, n_step, sampler) for _ in range(2)]
    drive(memory, NaiveMemory(2, 20, stack, n_step), random_history(2, first, seed))
    if len(memory):
        memory.update_priorities(memory.sample(8).indices, torch.arange(8.0))
    twin.load_state_dict(memory.state_dict())
    for each in (memory, twin):
        random = np.random.default_rng(seed)
        for i in range(second):
            frames = images(np.full((2, stack, 1), 1_000 + i))
            last = random.random(2) < 0.2
            each.add(np.zeros(2, int), np.ones(2), last, last, frames, frames)
    if len(memory):
        for left, right in zip(memory.sample(16), twin.sample(16), strict=True):
            np.testing.assert_array_equal(left, right)
    assert drawn(memory) == drawn(twin)


def test_state_vectors_are_frames_of_their_own() -> None:
    """Unstacked: observation [E, 1]; two steps with n = 2, γ = 0.9: 1 + 0.9 * 2 = 2.8, discount 0.81."""
    memory = make_replay(1, 10, 1, 2, shape=(1,))
    memory.start(np.array([[10]]))
    no = np.array([False])
    memory.add(np.array([3]), np.array([1.0]), no, no, np.array([[11]]), np.array([[11]]))
    assert len(memory) == 0
    memory.add(np.array([4]), np.array([2.0]), no, no, np.array([[12]]), np.array([[12]]))
    batch = memory.sample(1)
    assert batch.observation.tolist() == [[10]]
    assert batch.next_observation.tolist() == [[12]]
    assert batch.reward.tolist() == pytest.approx([2.8])
    assert batch.discount.tolist() == pytest.approx([0.81])


@pytest.mark.parametrize("stack", [1, 3])
def test_stacked_vectors_equal_stacked_images_of_one_pixel(stack: int) -> None:
    """Two variables, two environments, 200 random steps."""
    random = np.random.default_rng(0)
    shapes: list[tuple[int, ...]] = [(2 * stack,), (2 * stack, 1, 1)]
    memories = [make_replay(2, 40, stack, 3, shape=shape) for shape in shapes]
    for memory, shape in zip(memories, shapes, strict=True):
        memory.start(np.zeros((2, *shape)))
    for step in random_history(2, 200, 0)[1]:
        seen = random.integers(1_000, size=(2, 2, 2 * stack))
        for memory, shape in zip(memories, shapes, strict=True):
            memory.add(*step[:4], *(part.reshape(2, *shape) for part in seen))
    left, right = (memory.sample(64) for memory in memories)
    for name in ("observation", "next_observation"):
        ours, theirs = getattr(left, name), getattr(right, name)
        assert ours.shape == (64, stack * 2)
        np.testing.assert_array_equal(ours, theirs[..., 0, 0])
    assert left.reward.tolist() == right.reward.tolist()


def test_window_stops_at_truncation_and_bootstraps_from_the_true_last_frame() -> None:
    """N = 3 but the episode is truncated after one step: discount 0.9, next observation 11."""
    memory = make_replay(1, 10, 1, 3, shape=(1,))
    memory.start(np.array([[10]]))
    no, yes = np.array([False]), np.array([True])
    memory.add(np.array([0]), np.array([1.0]), no, yes, np.array([[11]]), np.array([[20]]))
    batch = memory.sample(1)
    assert batch.discount.tolist() == pytest.approx([0.9])
    assert batch.next_observation.tolist() == [[11]]


def test_life_loss_ends_the_value_but_not_the_stack() -> None:
    """Terminated but not last: reward 1 only, discount 0, and frames go on across the loss."""
    memory = make_replay(1, 20, 2, 2)
    memory.start(images([[[1], [1]]]))
    no, yes = np.array([False]), np.array([True])
    zero, one = np.array([0]), np.array([1.0])
    memory.add(zero, one, yes, no, images([[[1], [2]]]), images([[[1], [2]]]))
    memory.add(zero, one, no, no, images([[[2], [3]]]), images([[[2], [3]]]))
    memory.add(zero, one, no, no, images([[[3], [4]]]), images([[[3], [4]]]))
    windows = drawn(memory)
    assert ((1, 1), 0, 1.0, 0.0, (2, 3)) in windows
    assert ((1, 2), 0, 1.9, 0.81, (3, 4)) in windows


def test_truncate_ends_the_current_episodes() -> None:
    memory = make_replay(2, 12, 1, 3, shape=(1,))
    memory.start(np.array([[10], [50]]))
    no = np.array([False, False])
    following = np.array([[11], [51]])
    memory.add(np.zeros(2, int), np.ones(2), no, no, following, following)
    assert len(memory) == 0
    memory.truncate(np.array([[30], [70]]))
    assert drawn(memory) == {
        ((10,), 0, 1.0, 0.9, (11,)): 1,
        ((50,), 0, 1.0, 0.9, (51,)): 1,
    }
    memory.truncate(np.array([[31], [71]]))  # nothing has begun: only the first frames change
    state = memory.state_dict()
    assert state["cursor"].tolist() == [2, 2]
    assert [frames[2, 0] for frames in state["rows"]["frames"]] == [31, 71]


def test_sampling_is_uniform() -> None:
    """Chi-square of 20,000 draws from 40 rows: below the 99.9 % quantile of 39 degrees, 72.1."""
    memory = make_replay(1, 60, 1, 1, shape=(1,))
    memory.start(np.array([[0]]))
    no = np.array([False])
    for i in range(40):
        frame = np.array([[i + 1]])
        memory.add(np.array([0]), np.array([0.0]), no, no, frame, frame)
    counts = np.bincount(memory.sample(20_000).observation.flatten().numpy(), minlength=40)
    assert ((counts - 500) ** 2 / 500).sum() < 72.1


def test_uniform_draws_all_weigh_one_whatever_their_errors() -> None:
    memory = make_replay(1, 60, 1, 1, shape=(1,))
    memory.start(np.array([[0]]))
    feed(memory, random_history(1, 30, 1)[1])
    memory.update_priorities(memory.sample(8).indices, torch.arange(8.0))
    assert memory.sample(8, 0.4).weight.tolist() == [1.0] * 8


def test_a_memory_too_small_for_its_stack_is_refused() -> None:
    with pytest.raises(ValueError, match="make it at least 18"):
        make_replay(2, 8, 4, 3)


def test_one_large_draw_equals_several_small_ones() -> None:
    """The trainer draws the batches of several updates at once."""
    memories = [
        Replay(
            capacity=60,
            num_envs=1,
            observation_shape=(3,),
            dtype=np.float32,
            frame_stack=1,
            n_step=2,
            gamma=GAMMA,
            generator=np.random.default_rng(5),
        )
        for _ in range(2)
    ]
    for memory in memories:
        memory.start(np.zeros((1, 3), np.float32))
        for t in range(40):
            now = np.full((1, 3), t + 1, np.float32)
            memory.add(np.zeros(1, int), np.ones(1), np.zeros(1, bool), np.zeros(1, bool), now, now)
    large = memories[0].sample(12)
    small = [[column.clone() for column in memories[1].sample(4)] for _ in range(3)]
    for whole, parts in zip(large, zip(*small, strict=True), strict=True):
        assert torch.equal(whole, torch.cat(parts))
