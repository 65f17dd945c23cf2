"""The options of a script, by the fields of its dataclass, and whether the words of a user fit them."""

import ast
import difflib
import functools
import inspect
import re
import shlex
import textwrap
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, NamedTuple

from agents.config import ConfigError
from agents.config.aliases import present_options
from agents.config.kinds import accepts, described, most_words

SEE = "; see --help."


class Option(NamedTuple):
    """One thing that can be asked."""

    name: str  # as a user types it, such as --returns.n-step; of a positional one its bare name
    hint: Any
    text: str  # its explanation
    positional: bool
    required: bool
    asked_as: str | None  # another option that alone may ask for it


@functools.cache
def explanations(cls: Any) -> dict[str, str]:
    """Returns what stands under each field of a dataclass, in one line."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for field, text in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            assert isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant), field.target.id
            found[field.target.id] = " ".join(str(text.value.value).split())
    return found


def option_name(field: Field[Any], prefix: str = "") -> str:
    """Returns the option of a field; `metadata["option"]` takes the place of its name."""
    name = field.metadata.get("option", field.name.replace("_", "-"))
    return name if field.metadata.get("positional") else f"--{prefix}{name}"


def options_of(cls: type[Any], prefix: str = "") -> Iterator[Option]:
    """Yields every option of a dataclass, those of its sections under dotted names."""
    hints, texts = typing.get_type_hints(cls), explanations(typing.cast(Any, cls))
    for field in fields(cls):
        hint = hints[field.name]
        if is_dataclass(hint):
            below = prefix if field.metadata.get("option") == "" else f"{prefix}{field.name}."
            yield from options_of(typing.cast(type[Any], hint), below)
            continue
        name = option_name(field, prefix)
        required = field.default is MISSING and field.default_factory is MISSING
        positional = bool(field.metadata.get("positional"))
        asked_as = field.metadata.get("asked_as")
        yield Option(name, hint, texts[field.name], positional, required, asked_as)


def is_option(word: str) -> bool:
    """Whether a word is an option, or looks like one; a negative number does not."""
    return word.startswith("-") and re.match(r"-[\d.]|-inf|-nan|-$", word) is None


def _split(words: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Returns each option with the words behind it, after those before the first, under an empty name."""
    given: list[tuple[str, list[str]]] = [("", [])]
    for word in words:
        if is_option(word):
            name, equals, value = word.partition("=")
            given.append((name.replace("_", "-"), [value] if equals else []))
        else:
            given[-1][1].append(word)
    return given


def given_options(words: Sequence[str]) -> dict[str, list[str]]:
    """Returns the words behind each option; where it is given twice, the last time."""
    return dict(_split(words)[1:])


def check_words(cls: type[Any], words: Sequence[str], *, others: bool = False) -> None:
    """Checks the words of a command line before they are parsed.

    Args:
        cls: Dataclass whose fields are the options.
        words: What was typed.
        others: Whether options may be there that the class does not know.

    Raises:
        ConfigError: one sentence about the first word that does not fit.
    """
    (_, free), *given = _split(words)
    names = {name for name, _ in given}
    if {"-h", "--help"} & names:
        return
    options = {option.name: option for option in options_of(cls)}
    place = next((option for option in options.values() if option.positional), None)
    for name, behind in given:
        option = _known(name, options, others)
        if option is not None:
            free += _surplus(name, behind, option.hint, place is not None)
    if free and place is None:
        raise ConfigError(f"{shlex.join(free)} belongs to no option{SEE}")
    if place is not None and (place.required or free) and not accepts(place.hint, free):
        said = f"{shlex.join(free)}: " if free else ""
        wanted = place.name.upper()
        raise ConfigError(f"{said}give {described(place.hint)} as {wanted} ({_first(place.text)}){SEE}")
    for option in options.values():
        if option.required and not option.positional and option.name not in names:
            raise ConfigError(f"{option.name} is missing ({_first(option.text)}){SEE}")


def _known(name: str, options: Mapping[str, Option], others: bool) -> Option | None:
    """Returns the option of a name; None where it may be somebody else's."""
    option = options.get(name) or options.get(re.sub(r"^--([^.]*\.)?no-(?=[^.]*$)", r"--\1", name))
    if option is not None and not option.positional and (name in options or option.hint is bool):
        if option.asked_as:
            raise ConfigError(f"{name} is not an option of its own; use {option.asked_as}.")
        return option
    if others:
        return None
    renamed = [new for new in present_options(name) if new in options]
    if renamed:
        raise ConfigError(f"{name} is now called {' and '.join(renamed)}; use that.")
    names = [o.name for o in options.values() if not o.asked_as]
    names += [_negated(o.name) for o in options.values() if o.hint is bool]
    close = difflib.get_close_matches(name, [n for n in names if n.startswith("-")], n=1)
    hint = f"; did you mean {close[0]}?" if close else SEE
    raise ConfigError(f"{name} is not an option{hint}")


def _surplus(name: str, behind: list[str], hint: Any, place: bool) -> list[str]:
    """Checks the words behind an option; returns those that stand where no option is."""
    most = most_words(hint)
    if not place or len(behind) <= most:
        most = len(behind)
    own, rest = behind[: int(most)], behind[int(most) :]
    if hint is bool:
        if own:
            raise ConfigError(f"{name} {shlex.join(own)}: {name} takes no value; leave it out.")
    elif not own and not accepts(hint, own):
        raise ConfigError(f"{name} lacks its value: give {described(hint)}.")
    elif not accepts(hint, own):
        raise ConfigError(f"{name} {shlex.join(own)}: give {described(hint)}.")
    return rest


def _negated(name: str) -> str:
    section, dot, last = name.removeprefix("--").rpartition(".")
    return f"--{section}{dot}no-{last}"


def _first(text: str) -> str:
    return text.partition(";")[0].rstrip(".")
