"""Named streams of random numbers: a change here gives every run of the past other numbers."""

from agents.acting.rng import STREAMS, draw_seeds, make_generator

FIRST = {
    "environments": 1641411168,
    "exploration": 1454127163,
    "memory": 2749604155,
    "network": 3056722145,
    "evaluation": 3734005922,
    "solved": 480482724,
    "held_out": 1227430691,
    "recording": 3112422837,
    "probe": 2543531098,
    "learner": 62818196,
}


def test_every_stream_draws_what_it_always_drew() -> None:
    """A stream is told by its place in the list: one that is put between others moves those behind it."""
    drawn = {name: draw_seeds(1, name, 1)[0] for name in STREAMS}
    assert drawn == FIRST


def test_seeds_streams_and_keys_are_told_apart() -> None:
    draws = [
        make_generator(seed, name, key).integers(2**62)
        for seed in (1, 2)
        for name in STREAMS
        for key in (0, 1)
    ]
    assert len(set(draws)) == len(draws)
