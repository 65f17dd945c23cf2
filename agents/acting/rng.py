"""Named, independent random streams from one seed."""

import numpy as np

STREAMS = (
    "environments",  # training episodes
    "exploration",
    "memory",
    "network",
    "evaluation",  # periodic evaluations
    "solved",  # confirmations
    "held_out",  # scripts/evaluate.py: never used in training
    "recording",
    "probe",
    "learner",  # noise, quantile levels, random shifts
)
"""Append only: the position of a name is part of its seeds."""


def _sequence(seed: int, stream: str, *key: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=(STREAMS.index(stream), *key))


def make_generator(seed: int, stream: str, *key: int) -> np.random.Generator:
    """Return the named generator of a seed; `key` selects one of several."""
    return np.random.default_rng(_sequence(seed, stream, *key))


def draw_seeds(seed: int, stream: str, count: int, *key: int) -> list[int]:
    """Return `count` seeds of the named stream; `key` selects one of several draws."""
    return [int(word) for word in _sequence(seed, stream, *key).generate_state(count)]
