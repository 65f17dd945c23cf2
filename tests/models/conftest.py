"""What the tests of networks share."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """Draws the same parameters and images whatever ran before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        yield
