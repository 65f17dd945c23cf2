"""Checks of values and of words against type hints."""

import math
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeVar, Union, get_args, get_origin

T = TypeVar("T")
UNIONS = (Union, types.UnionType)
NAMES: dict[object, tuple[str, str]] = {
    int: ("a whole number in digits", "whole numbers"),
    float: ("a number", "numbers"),
    Path: ("a path", "paths"),
    str: ("a text", "texts"),
    type(None): ("None", "None"),
}
"""Names of types, for one value and for several."""


def fits(hint: object, value: object) -> bool:
    """Whether a value matches the hint; lists count as tuples.

    Example:
        >>> fits(tuple[int, int] | None, [84, 84]), fits(float, float("nan")), fits(int, True)
        (True, False, False)
    """
    if get_origin(hint) in UNIONS:
        return any(fits(member, value) for member in get_args(hint))
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is tuple:
        return isinstance(value, (list, tuple)) and _each(fits, hint, value)
    if get_origin(hint) is dict:
        key, item = get_args(hint)
        return isinstance(value, dict) and all(fits(key, k) and fits(item, v) for k, v in value.items())
    if hint is float and isinstance(value, (int, float)):
        return type(value) is not bool and abs(value) <= sys.float_info.max
    return type(value) is (hint or type(None))


def accepts(hint: object, words: Sequence[str]) -> bool:
    """Whether words of a command line match the hint.

    Example:
        >>> accepts(int | None, ["None"]), accepts(int, ["1e12"]), accepts(tuple[int, ...], [])
        (True, False, True)
    """
    if get_origin(hint) in UNIONS:
        return any(accepts(member, words) for member in get_args(hint))
    if get_origin(hint) is tuple:
        return _each(lambda member, word: accepts(member, [word]), hint, words)
    if len(words) != 1:
        return False
    if get_origin(hint) is Literal:
        return words[0] in get_args(hint)
    if hint is type(None):
        return words[0] == "None"
    if hint not in (int, float):
        return True
    try:
        return math.isfinite(int(words[0]) if hint is int else float(words[0]))
    except (ValueError, OverflowError):
        return False


def most_words(hint: object) -> float:
    """Return the largest number of words that a value takes."""
    if get_origin(hint) in UNIONS:
        return max(map(most_words, get_args(hint)))
    if get_origin(hint) is tuple:
        members = get_args(hint)
        return math.inf if members[-1] is Ellipsis else len(members)
    return 0 if hint is bool else 1


def described(hint: object) -> str:
    """Return the hint in words, for a sentence that begins with "give".

    Example:
        >>> described(tuple[int, int, int, int] | None), described(float | Literal["auto", "none"])
        ('4 whole numbers or None', 'a number, auto or none')
    """
    parts = _parts(hint)
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"


def _parts(hint: object) -> list[str]:
    if get_origin(hint) in UNIONS:
        return [part for member in get_args(hint) for part in _parts(member)]
    if get_origin(hint) is Literal:
        return list(map(str, get_args(hint)))
    if get_origin(hint) is tuple:
        first, *others = get_args(hint)
        many = NAMES[first][1] if first in NAMES else f"any of {described(first)}"
        return [many if Ellipsis in others else f"{1 + len(others)} {many}"]
    return [NAMES[hint][0]]


def _each(check: Callable[[object, T], bool], hint: object, values: Sequence[T]) -> bool:
    """Whether a tuple's values pass a check of their hints, in the right number."""
    members = get_args(hint)
    if members[-1] is Ellipsis:
        members = members[:1] * len(values)
    return len(members) == len(values) and all(map(check, members, values))
