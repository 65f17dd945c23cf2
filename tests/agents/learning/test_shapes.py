"""Shape checks: slips that broadcasting would hide raise at once."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from agents.learning.backup import greedy, munchausen
from agents.learning.losses import categorical_loss, huber_loss, quantile_huber_loss, squared_loss
from agents.learning.shapes import expect
from agents.learning.values import categorical_projection
from tests.agents.learning.learners import KINDS, make_dqn, random_batch

ROW, COLUMN, SQUARE = torch.zeros(4), torch.zeros(4, 1), torch.zeros(4, 4)
SLIPS: dict[str, Callable[[], object]] = {
    "huber": lambda: huber_loss(ROW, COLUMN),
    "squared": lambda: squared_loss(COLUMN, ROW),
    "quantile targets": lambda: quantile_huber_loss(SQUARE, ROW, SQUARE),
    "quantile levels": lambda: quantile_huber_loss(SQUARE, SQUARE, COLUMN),
    "categorical": lambda: categorical_loss(SQUARE, ROW),
    "projection": lambda: categorical_projection(SQUARE, COLUMN, ROW),
    "greedy": lambda: greedy(ROW, lambda: ROW, ROW),
    "munchausen": lambda: munchausen(0.9, 1.0, -1.0)(SQUARE, lambda: COLUMN, ROW),
}


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_a_wrong_shape_raises(slip: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"^Expected shapes .*; got .*\[4"):
        slip()


@pytest.mark.parametrize("field", ["action", "reward", "discount", "weight"])
def test_a_batch_with_a_column_for_a_row_raises(field: str) -> None:
    batch = random_batch()
    slip = batch._replace(**{field: getattr(batch, field).unsqueeze(1)})
    with pytest.raises(ValueError, match=r"Expected shapes B, B, B, B; got .*\[16, 1\]"):
        make_dqn().update(slip)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("field", ["reward", "discount"])
def test_a_target_of_a_column_raises(kind: str, field: str) -> None:
    batch = random_batch()
    with pytest.raises(ValueError, match=r"Expected shapes .*; got .*\[16, 1\]"):
        make_dqn(kind=kind).td_target(batch._replace(**{field: getattr(batch, field).unsqueeze(1)}))


def test_a_star_is_any_side_and_a_name_the_same_everywhere() -> None:
    expect("* K, K", np.zeros((2, 3)), np.zeros(3))
    expect("* K, * K", np.zeros((2, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"Expected shapes B B; got \[2, 3\]"):
        expect("B B", np.zeros((2, 3)))
