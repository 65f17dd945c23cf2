"""The options of a script, from its dataclass, and checks of words."""

import ast
import difflib
import functools
import inspect
import re
import shlex
import textwrap
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from itertools import pairwise
from typing import NamedTuple

from agents.config import ConfigError
from agents.config.aliases import present_names
from agents.config.kinds import accepts, described, most_words

SEE = "; see --help."


class Option(NamedTuple):
    """One option of a script."""

    name: str  # as a user types it, such as --returns.n-step; the bare name if positional
    hint: object
    text: str  # the beginning of its help
    positional: bool
    required: bool
    asked_as: str | None  # the only option that sets this field


@functools.cache
def explanations(cls: type) -> dict[str, str]:
    """Return the docstring under each field of a dataclass, in one line."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(tree, ast.ClassDef)
    texts = dict(explanations(cls.__base__)) if is_dataclass(cls.__base__) else {}
    for field, text in pairwise(tree.body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(words))):
                texts[name] = " ".join(words.split())
    return texts


def options_of(cls: type, prefix: str = "") -> Iterator[Option]:
    """Yield every option of a dataclass, of its sections under dotted names."""
    hints, texts = typing.get_type_hints(cls), explanations(cls)
    for field in fields(cls):
        hint, positional = hints[field.name], "positional" in field.metadata
        name = prefix + field.metadata.get("option", field.name.replace("_", "-"))
        if is_dataclass(hint):
            yield from options_of(typing.cast(type, hint), f"{name}.")
            continue
        required = field.default is MISSING and field.default_factory is MISSING
        name = name if positional else f"--{name}"
        text = texts[field.name].partition(";")[0].rstrip(".")
        yield Option(name, hint, text, positional, required, field.metadata.get("asked_as"))


def _split(words: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return each option with its words; first, unnamed, those before any."""
    groups: list[tuple[str, list[str]]] = [("", [])]
    for word in words:
        if word.startswith("-") and not re.match(r"-[\d.]|-inf|-nan|-$", word):  # no negative number
            name, equals, value = word.partition("=")
            groups.append((name.replace("_", "-"), [value] if equals else []))
        else:
            groups[-1][1].append(word)
    return groups


def given_options(words: Sequence[str]) -> dict[str, list[str]]:
    """Return the words behind each option; the last time counts."""
    return dict(_split(words)[1:])


def check_words(cls: type, words: Sequence[str], *, others: bool = False) -> None:
    """Check the words of a command line; `others` allows options unknown to `cls`.

    Raises:
        ConfigError: one sentence about the first word that does not fit.
    """
    (_, free), *groups = _split(words)
    names = {name for name, _ in groups}
    if {"-h", "--help"} & names:
        return
    every = list(options_of(cls))
    positional = next((option for option in every if option.positional), None)
    options = {option.name: option for option in every if not option.positional}
    options |= {_negated(name): option for name, option in options.items() if option.hint is bool}
    for name, values in groups:
        option = _known(name, options, others)
        if option is not None:
            free += _surplus(name, values, option.hint, positional is not None)
    if positional is None:
        if free:
            raise ConfigError(f"{shlex.join(free)} belongs to no option{SEE}")
    elif (positional.required or free) and not accepts(positional.hint, free):
        start = f"{shlex.join(free)}: " if free else ""
        name = positional.name.upper()
        raise ConfigError(f"{start}give {described(positional.hint)} as {name} ({positional.text}){SEE}")
    for option in options.values():
        if option.required and option.name not in names:
            raise ConfigError(f"{option.name} is missing ({option.text}){SEE}")


def _known(name: str, options: Mapping[str, Option], others: bool) -> Option | None:
    """Return the option of a name; None if others may know it."""
    option = options.get(name)
    if option and option.asked_as:
        raise ConfigError(f"{name} is not an option of its own; use {option.asked_as}.")
    if option or others:
        return option
    present = _present_options(name)
    if present and options.keys() >= set(present):
        raise ConfigError(f"{name} is now called {' and '.join(present)}; use that.")
    names = [name for name, option in options.items() if not option.asked_as]
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {close[0]}?" if close else SEE
    raise ConfigError(f"{name} is not an option{hint}")


def _surplus(name: str, values: list[str], hint: object, positional: bool) -> list[str]:
    """Check an option's words; return those left for the positional argument."""
    most = int(min(most_words(hint), len(values))) if positional else len(values)
    own = shlex.join(values[:most])
    if hint is bool and own:
        raise ConfigError(f"{name} {own}: {name} takes no value; leave it out.")
    if hint is not bool and not accepts(hint, values[:most]):
        start = f"{name} {own}" if own else f"{name} lacks its value"
        raise ConfigError(f"{start}: give {described(hint)}.")
    return values[most:]


def _present_options(old: str) -> list[str]:
    """Return the present names of an old option, also of one with `no-`."""
    positive = re.sub(r"^--([^.]*\.)?no-(?=[^.]*$)", r"--\1", old)
    present = present_names(positive.removeprefix("--").replace("-", "_"))
    names = [f"--{name}".replace("_", "-") for name in present]
    return names if positive == old else list(map(_negated, names))


def _negated(name: str) -> str:
    return re.sub(r"^--(.*\.)?", r"--\1no-", name)
