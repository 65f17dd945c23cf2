"""One seed, many independent generators, each with a name."""

import numpy as np

STREAMS = (
    "environments",  # training episodes
    "exploration",
    "memory",
    "network",
    "evaluation",  # the periodic evaluations of training
    "solved",  # the evaluations that decide whether it is solved
    "held_out",  # scripts/evaluate.py: never seen by any training run
    "recording",
    "probe",  # what the features know of the true state
    "learner",  # noise, quantile levels, random shifts
)


def _sequence(seed: int, stream: str, *key: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=(STREAMS.index(stream), *key))


def make_generator(seed: int, stream: str, *key: int) -> np.random.Generator:
    """Returns the named generator of a run's seed; `key` tells apart several of one name."""
    return np.random.default_rng(_sequence(seed, stream, *key))


def draw_seeds(seed: int, stream: str, count: int, *key: int) -> list[int]:
    """Returns `count` seeds of the named stream; `key` tells apart several draws from it."""
    return [int(word) for word in _sequence(seed, stream, *key).generate_state(count)]
