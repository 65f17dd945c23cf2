"""Random histories of numbered observations, and replay memories to put them in."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.memory import Memory
from agents.memory.replay import Replay

Array = NDArray[Any]

GAMMA = 0.9
SAMPLERS = {"uniform": 0.0, "prioritized": 0.6}
"""Priority exponents."""


class Step(NamedTuple):
    """One step of E environments; an observation is a number that never comes again."""

    action: Array  # [E]
    reward: Array  # [E]
    terminated: Array  # [E]
    last: Array  # [E]
    following: Array  # [E] the true successor
    now: Array  # [E] what is acted on next: another one where `last`


def random_history(num_envs: int, num_steps: int, seed: int) -> tuple[Array, list[Step]]:
    """Return the first observations `[E]` and steps with every kind of end, life losses too."""
    random = np.random.default_rng(seed)
    ends = random.uniform(0.02, 0.4)
    first = np.arange(1, num_envs + 1)
    steps = []
    for t in range(num_steps):
        terminated = random.random(num_envs) < ends
        last = np.where(terminated, random.random(num_envs) < 0.7, random.random(num_envs) < ends)
        following = first + num_envs * (2 * t + 1)
        steps.append(
            Step(
                action=random.integers(5, size=num_envs),
                reward=random.integers(-3, 4, size=num_envs).astype(np.float32),
                terminated=terminated,
                last=last,
                following=following,
                now=following + num_envs * last,
            )
        )
    return first, steps


def feed(memory: Memory, steps: Sequence[Step]) -> None:
    """Adds steps to a memory whose observations are vectors of one number."""
    for step in steps:
        memory.add(*step[:4], step.following[:, None], step.now[:, None])


def make_replay(
    num_envs: int,
    length: int,
    stack: int,
    n_step: int,
    sampler: str = "uniform",
    *,
    planes: int = 1,
    shape: tuple[int, ...] | None = None,
) -> Replay:
    """Make a replay memory for images `[stack * planes, 2, 3]`, or for observations of another shape."""
    return Replay(
        capacity=length * num_envs,
        num_envs=num_envs,
        observation_shape=shape or (stack * planes, 2, 3),
        frame_stack=stack,
        dtype=np.int32,
        n_step=n_step,
        gamma=GAMMA,
        generator=np.random.default_rng(0),
        priority_exponent=SAMPLERS[sampler],
    )
