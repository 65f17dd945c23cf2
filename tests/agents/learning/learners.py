"""Small learners of every kind, with random batches for them."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from hypothesis import settings
from hypothesis import strategies as st
from torch import Tensor, nn

from agents.learning.backup import BackupRule, greedy, munchausen
from agents.learning.batch import Batch
from agents.learning.dqn import DQN
from agents.learning.losses import huber_loss
from agents.learning.values import Categorical, Quantile, Scalar, Value
from models.config import NetworkConfig
from models.factory import make_network
from models.outputs import ImplicitQuantileOutput
from models.q_network import QNetwork

KINDS: dict[str, Callable[[], Value]] = {
    "scalar": lambda: Scalar(huber_loss),
    "categorical": lambda: Categorical(7, -3.0, 3.0),
    "quantile": lambda: Quantile(5, 0.7),
    "iqn": lambda: Quantile(5, 0.7, ImplicitQuantileOutput),
}
BACKUPS: dict[str, Callable[[], BackupRule]] = {
    "greedy": lambda: greedy,
    "munchausen": lambda: munchausen(0.9, 0.3, -1.0),
    "cold": lambda: munchausen(0.0, 1e-6, -1.0),
}
SEEDS, SIZES = st.integers(0, 2**31), st.integers(2, 6)
at_random = settings(max_examples=60, deadline=None, derandomize=True)
adam = partial(torch.optim.Adam, lr=1e-2, fused=True)


def make_dqn(
    value: Value | None = None,
    *,
    kind: str = "scalar",
    backup: str = "greedy",
    optimizer: Callable[..., torch.optim.Optimizer] = adam,
    rollout: bool = False,
    tau: float = 0.0,
    seed: int = 1,
    norm: Any = "none",
    noisy: float = 0.0,
    **options: Any,
) -> DQN:
    """Make a learner for 4 inputs and 3 actions; the seed draws weights, noise and quantile levels."""
    value = value or KINDS[kind]()
    torch.manual_seed(seed)
    config = NetworkConfig(hidden=(8, 6), norm=norm, noisy=noisy)
    online = make_network(config, (4,), 3, value.make_output())
    target = None if rollout else copy.deepcopy(online)
    return DQN(
        online,
        target,
        optimizer(online.parameters()),
        value=value,
        backup=BACKUPS[backup](),
        tau=tau,
        generator=torch.Generator().manual_seed(seed),
        **options,
    )


def target_of(dqn: DQN) -> QNetwork:
    """Return the target network of a learner that has one."""
    assert dqn.target is not None
    return dqn.target


def drift(network: nn.Module) -> None:
    """Perturb the parameters of a network."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))


def random_batch(size: int = 16, seed: int = 0) -> Batch:
    """Make rows of which every fourth is a true end."""
    generator = torch.Generator().manual_seed(seed)
    discount = torch.rand(size, generator=generator)
    discount[3::4] = 0.0
    return Batch(
        torch.randn(size, 4, generator=generator),
        torch.randint(3, (size,), generator=generator),
        torch.randn(size, generator=generator),
        discount,
        torch.randn(size, 4, generator=generator),
        0.5 + torch.rand(size, generator=generator),
        torch.arange(size),
    )


def rows_of(batch: Batch) -> list[Batch]:
    """Split a batch into batches of one row."""
    return [Batch(*row) for row in zip(*(column.split(1) for column in batch), strict=True)]


def concatenated(batches: list[Batch]) -> Batch:
    """Concatenate batches."""
    return Batch(*(torch.cat(columns) for columns in zip(*batches, strict=True)))


def rows(*values: list[Any]) -> Tensor:
    """Make a float tensor from lists."""
    return torch.tensor(values, dtype=torch.float32)


def drawn(seed: int, *shape: int) -> Tensor:
    """Draw from a normal distribution of width 2."""
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
