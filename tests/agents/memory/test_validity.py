"""Invariants of memories: damage is detected, whatever it is."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from agents.memory.prioritized import PrioritizedSampler
from agents.memory.sampling import UniformSampler
from agents.memory.sum_tree import SumTree
from tests.agents.memory.histories import feed, make_replay, random_history


def tree() -> SumTree:
    tree = SumTree(300)
    tree.set(np.arange(300), np.arange(300.0))
    return tree


def memory(sampler: str = "uniform") -> Any:
    memory = make_replay(2, 20, 1, 3, sampler, shape=(1,))
    first, steps = random_history(2, 30, 0)
    memory.start(first[:, None])
    feed(memory, steps)
    return memory


def sampler(kind: Any) -> Any:
    made = kind(10, np.random.default_rng(0))
    made.add(np.array([1, 4, 5]))
    return made


def prioritized(rows: int, generator: np.random.Generator) -> PrioritizedSampler:
    return PrioritizedSampler(rows, generator, 0.6)


DAMAGE: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "a sum": (tree, lambda it: it._flat[1].__setitem__(0, 3.0)),
    "a value": (tree, lambda it: it._flat[0].__setitem__(0, np.nan)),
    "a place": (lambda: sampler(UniformSampler), lambda it: it._place.__setitem__(4, 0)),
    "a stranger": (lambda: sampler(UniformSampler), lambda it: it._place.__setitem__(7, 0)),
    "a member": (lambda: sampler(prioritized), lambda it: it._place.__setitem__(7, 0)),
    "a priority": (lambda: sampler(prioritized), lambda it: it._tree.set(np.array([7]), 1.0)),
    "the count": (lambda: sampler(prioritized), lambda it: setattr(it, "_count", 2)),
    "a cursor": (memory, lambda it: it._cursor.__setitem__(0, 20)),
    "a waiting row": (memory, lambda it: it._waiting.__setitem__(0, 3)),
    "an incomplete row": (memory, lambda it: it._sampler.add(it._base + it._cursor)),
}


@pytest.mark.parametrize(("make", "damage"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_detected(make: Callable[[], Any], damage: Callable[[Any], Any]) -> None:
    it = make()
    it.check_valid()
    damage(it)
    with pytest.raises(AssertionError):
        it.check_valid()


@pytest.mark.parametrize("kind", ["uniform", "prioritized"])
def test_a_memory_that_was_written_around_is_valid(kind: str) -> None:
    memory(kind).check_valid()
