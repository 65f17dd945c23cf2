"""Bounds of numbers, each beside its field, and one check for all of them."""

import math
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.config import Config, ConfigError
from envs.config import check_bounds, count, number

SECTIONS: dict[str, Any] = {name: cls for name, cls in get_type_hints(Config).items() if is_dataclass(cls)}
BOUNDED = [
    (f"{section}.{field.name}" if section else field.name, *field.metadata["bounds"])
    for section, cls in {"": Config, **SECTIONS}.items()
    for field in fields(cls)
    if "bounds" in field.metadata
]


@dataclass
class Numbers:
    share: float = number(0.5, 0, 1)
    rate: float = number(1.0, 0, above=True)
    pair: tuple[int, int] = number((2, 3), 1, 4)
    episodes: int = count(5, 1, 10)
    limit: float | None = number(None, 0, above=True)
    free: float = 0.0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"share": -0.1}, "--x.share is -0.1; give 0 to 1."),
        ({"share": 1.5}, "--x.share is 1.5; give 0 to 1."),
        ({"rate": 0.0}, "--x.rate is 0.0; give a number above 0."),
        ({"pair": (2, 5)}, "--x.pair is 2 5; give 4 or less."),
        ({"pair": (0, 3)}, "--x.pair is 0 3; give 1 or more."),
        ({"episodes": 11}, "--x.episodes is 11; give 10 or less."),
        ({"episodes": 0}, "--x.episodes is 0; give 1 or more."),
        ({"limit": -1.0}, "--x.limit is -1.0; give a number above 0, or None."),
        ({"free": math.nan}, "--x.free is nan; give a number."),
        ({"episodes": 10**400}, f"--x.episodes is {10**400}; give 10 or less."),
    ],
)
def test_a_number_out_of_bounds_is_answered_with_those_bounds(
    change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        check_bounds(Numbers(**change), "x")
    assert str(refusal.value) == sentence


@given(st.floats(0, 1), st.floats(0, exclude_min=True, allow_infinity=False), st.integers(1, 10))
def test_numbers_within_bounds_pass(share: float, rate: float, episodes: int) -> None:
    check_bounds(Numbers(share, rate, (1, 4), episodes), "x")


def test_every_number_of_a_configuration_declares_its_bounds() -> None:
    numeric = {"int", "float", "int | None", "float | None", "tuple[int, ...]", "tuple[int, int]"}
    for section, cls in {"": Config, **SECTIONS}.items():
        for field in fields(cls):
            hint = get_type_hints(cls)[field.name]
            name = hint.__name__ if isinstance(hint, type) and not hasattr(hint, "__args__") else str(hint)
            assert name not in numeric or "bounds" in field.metadata, f"{section}.{field.name}"


def test_a_default_lies_within_its_bounds() -> None:
    assert len(BOUNDED) > 50
    for cls in SECTIONS.values():
        check_bounds(cls())


@pytest.mark.parametrize(
    ("section", "change", "sentence"),
    [
        ("env", {"num_envs": 0}, "--env.num-envs is 0; give 1 or more."),
        ("learning", {"ema_rate": 2.0}, "--learning.ema-rate is 2.0; give 0 to 1."),
        ("memory", {"capacity": 0}, "--memory.capacity is 0; give 1 or more."),
        ("network", {"width": 65}, "--network.width is 65; give 64 or less."),
    ],
)
def test_a_configuration_checks_its_sections(section: str, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        Config(**{section: SECTIONS[section](**change)})
    assert str(refusal.value) == sentence
