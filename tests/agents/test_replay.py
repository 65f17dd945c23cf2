"""The replay memory against a naive twin: a list of episodes, written as plain loops."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.memory.replay import Replay

GAMMA = 0.9


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

    def windows(self) -> dict[tuple[Any, ...], int]:
        """Every window that may be drawn: (stack, action, reward, discount, next stack) -> count."""
        found: dict[tuple[Any, ...], int] = {}
        for e, rows in enumerate(self.rows):
            present = {(k, t): frame for k, t, frame in rows[-self.length :]}
            for (k, t), _ in present.items():
                episode = self.steps[e][k]
                if t >= len(episode):
                    continue  # a closing row, or the observation to act on
                ends = bool(episode[-1][3])
                if t + self.n > len(episode) and not ends:
                    continue
                before = [(k, max(t - j, 0)) for j in range(self.stack - 1, -1, -1)]
                if any(place not in present for place in before):
                    continue
                value, discount, steps = 0.0, 1.0, 0
                alive = True
                for action_, reward, end, last in episode[t : t + self.n]:
                    del action_
                    value += GAMMA**steps * reward * alive
                    steps += 1
                    if end:
                        alive = False
                    if last:
                        break
                discount = GAMMA**steps if alive else 0.0
                after = [(k, max(t + steps - j, 0)) for j in range(self.stack - 1, -1, -1)]
                key = (
                    tuple(present[p] for p in before),
                    episode[t][0],
                    round(value, 4),
                    round(discount, 4),
                    tuple(present[p] for p in after),
                )
                found[key] = found.get(key, 0) + 1
        return found


def drive(
    memory: Replay, naive: NaiveMemory, num_envs: int, stack: int, steps: int, seed: int
) -> None:
    """Feeds both with the same random history; frames are numbers that never repeat."""
    random = np.random.default_rng(seed)
    counter = iter(range(1, 10**9))
    stacks = np.zeros((num_envs, stack, 1), np.int64)
    for e in range(num_envs):
        stacks[e] = frame = next(counter)
        naive.start(e, frame)
    memory.start(stacks)
    ends = random.uniform(0.02, 0.4)
    for _ in range(steps):
        action = random.integers(5, size=num_envs)
        reward = random.integers(-3, 4, size=num_envs).astype(np.float32)
        terminated = random.random(num_envs) < ends
        last = np.where(terminated, random.random(num_envs) < 0.7, random.random(num_envs) < ends)
        following = stacks.copy()
        for e in range(num_envs):
            following[e, :-1] = stacks[e, 1:]
            following[e, -1] = frame = next(counter)
            naive.add(
                e, int(action[e]), float(reward[e]), bool(terminated[e]), bool(last[e]), frame
            )
        now = following.copy()
        for e in np.flatnonzero(last):
            now[e] = frame = next(counter)
            naive.start(int(e), frame)
        memory.add(action, reward, terminated, last, following, now)
        stacks = now


def drawn(memory: Replay) -> dict[tuple[Any, ...], int]:
    """Every row of the sampler, once, through the real `sample`."""
    rows = memory._sampler.state_dict()["rows"]
    memory._sampler.sample = lambda size: rows  # type: ignore[method-assign]
    found: dict[tuple[Any, ...], int] = {}
    if len(rows) == 0:
        return found
    batch = memory.sample(len(rows))
    for i in range(len(rows)):
        key = (
            tuple(batch.observation[i].flatten().tolist()),
            int(batch.action[i]),
            round(float(batch.reward[i]), 4),
            round(float(batch.discount[i]), 4),
            tuple(batch.next_observation[i].flatten().tolist()),
        )
        found[key] = found.get(key, 0) + 1
    return found


def make(num_envs: int, length: int, stack: int, n_step: int, stacked: bool = True) -> Replay:
    shape = (stack, 1) if stacked else (1,)
    return Replay(
        capacity=length * num_envs,
        num_envs=num_envs,
        observation_shape=shape,
        dtype=np.int64,
        stacked=stacked,
        n_step=n_step,
        gamma=GAMMA,
        generator=np.random.default_rng(0),
    )


@settings(max_examples=300, deadline=None)
@given(
    num_envs=st.integers(1, 3),
    stack=st.integers(1, 4),
    n_step=st.integers(1, 5),
    spare=st.integers(0, 30),
    steps=st.integers(1, 120),
    seed=st.integers(0, 2**20),
)
def test_memory_holds_exactly_what_the_naive_memory_holds(
    num_envs: int, stack: int, n_step: int, spare: int, steps: int, seed: int
) -> None:
    length = stack + n_step + 2 + spare
    memory = make(num_envs, length, stack, n_step)
    naive = NaiveMemory(num_envs, length, stack, n_step)
    drive(memory, naive, num_envs, stack, steps, seed)
    assert drawn(memory) == naive.windows()
