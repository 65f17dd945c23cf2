"""From the command line to arguments, by tyro."""

import contextlib
import inspect
import io
import shlex
from collections.abc import Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Annotated, Any, TypeVar, get_type_hints

import tyro
from tyro.constructors import ConstructorRegistry, StructConstructorSpec, StructFieldSpec, StructTypeInfo

from agents.cli.options import SEE, check_words, explanations
from agents.config import ConfigError
from envs.config import check_bounds

T = TypeVar("T")
registry = ConstructorRegistry()


class _Refused(Exception):  # noqa: N818
    """A `ConfigError` on its way past tyro, which would box it."""


def parse(cls: type[T], words: Sequence[str], *, default: T | None = None, description: str = "") -> T:
    """Parse the words of a command line; the fields of `cls` are the options.

    `default` replaces the fields' own defaults, `description` the docstring at the head of the help.

    Raises:
        ConfigError: an option is unknown or its value unfit.
        SystemExit: after `--help`.
    """
    check_words(cls, words)
    options = {"default": default} if default else {}
    arguments: T = _parsed(cls, words, description=description or inspect.getdoc(cls), **options)
    check_bounds(arguments)
    return arguments


def parse_known(cls: type[T], words: Sequence[str]) -> tuple[T, list[str]]:
    """Parse the options of `cls`, as `parse`; return all other words unparsed."""
    check_words(cls, words, others=True)
    arguments, others = _parsed(cls, words, description=inspect.getdoc(cls), return_unknown_args=True)
    check_bounds(arguments)
    return arguments, others


def _parsed(cls: type, words: Sequence[str], **options: Any) -> Any:
    """Return tyro's result; `check_words` leaves it little to refuse."""
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            return tyro.cli(cls, args=list(words), registry=registry, **options)
    except _Refused as refused:
        raise refused.args[0] from None
    except SystemExit as error:
        if not error.code:
            raise
        raise ConfigError(f"{shlex.join(words)}: these words do not fit together{SEE}") from None


@registry.struct_rule
def _by_fields(info: StructTypeInfo) -> StructConstructorSpec | None:
    """Describe a dataclass to tyro: its fields in the order of `FIRST`, if it has one."""
    if not is_dataclass(info.type):
        return None
    cls: type = info.type  # type: ignore[assignment]
    default: Any = info.default if isinstance(info.default, cls) else None
    hints, texts, specs = get_type_hints(cls), explanations(cls), []
    first = getattr(cls, "FIRST", ())
    for field in sorted(fields(cls), key=lambda f: first.index(f.name) if f.name in first else len(first)):
        if "asked_as" in field.metadata:
            continue
        hint = hints[field.name]
        if "option" in field.metadata:
            hint = Annotated[hint, tyro.conf.arg(name=field.metadata["option"])]
        if "positional" in field.metadata:
            hint = Annotated[hint, tyro.conf.Positional]
        value = tyro.MISSING if field.default is MISSING else field.default
        value = value if default is None else getattr(default, field.name)
        text = texts.get(field.name) or inspect.getdoc(hint)  # of a section, that of its class
        specs.append(StructFieldSpec(field.name, hint, value, text))

    def make(**values: Any) -> Any:
        try:
            return cls(**values) if default is None else replace(default, **values)
        except ConfigError as error:
            raise _Refused(error) from error

    return StructConstructorSpec(make, tuple(specs))
