"""The chapter's own loop: how much it explores."""

import pytest

from scripts.chapter_loop import epsilons


def test_exploration_falls_over_100_episodes_and_stays() -> None:
    """A straight line from 0.5 to 0.005, of which more episodes are at its end and fewer see a part."""
    assert epsilons(100)[[0, 99]] == pytest.approx([0.5, 0.005])
    assert epsilons(300)[[50, 100, 299]] == pytest.approx([0.25, 0.005, 0.005])
    assert len(epsilons(300)) == 300 and epsilons(3) == pytest.approx(epsilons(100)[:3])
