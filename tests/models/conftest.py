"""Fixtures of the tests of networks."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """Seed torch, so that tests are independent of their order."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        yield
