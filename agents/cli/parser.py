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

T = TypeVar("T")
FIRST = ("environment", "obs", "preset", "steps", "seed", "resume", "run_dir", "reward_threshold", "device")
"""Fields at the head of the help, most used first; the others follow in their own order."""

registry = ConstructorRegistry()


class _Refused(Exception):  # noqa: N818
    """A `ConfigError` on its way past tyro, which would box it."""

    def __init__(self, error: ConfigError) -> None:
        self.error = error


def parse(cls: type[T], words: Sequence[str], *, default: T | None = None, description: str = "") -> T:
    """Parse the words of a command line.

    Args:
        cls: Dataclass whose fields are the options.
        words: Words as typed.
        default: Values of options that are not given, in place of the fields' own.
        description: Text at the head of the help; by default the docstring of `cls`.

    Raises:
        ConfigError: an option is unknown or its value unfit.
        SystemExit: after `--help`.
    """
    check_words(cls, words)
    return _parsed(cls, words, {"default": default} if default else {}, description)


def parse_known(cls: type[T], words: Sequence[str]) -> tuple[T, list[str]]:
    """Parse the options of `cls`; return all other words unparsed.

    Raises:
        ConfigError: the value of an option is unfit.
        SystemExit: after `--help`.
    """
    check_words(cls, words, others=True)
    return _parsed(cls, words, {"return_unknown_args": True})


def _parsed(cls: type, words: Sequence[str], options: dict[str, Any], description: str = "") -> Any:
    """Return the answer of tyro; `check_words` leaves it little to refuse."""
    text = description or inspect.getdoc(cls)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            return tyro.cli(cls, args=list(words), registry=registry, description=text, **options)
    except _Refused as refused:
        raise refused.error from None
    except SystemExit as error:
        if not error.code:
            raise
        raise ConfigError(f"{shlex.join(words)}: these words do not fit together{SEE}") from None


@registry.struct_rule
def _by_fields(info: StructTypeInfo) -> StructConstructorSpec | None:
    """Describe a dataclass to tyro, most used fields first."""
    if not is_dataclass(info.type):
        return None
    cls: type = info.type  # type: ignore[assignment]
    default: Any = info.default if isinstance(info.default, cls) else None
    inlined = [field.name for field in fields(cls) if field.metadata.get("option") == ""]
    specs = _specs(cls, default)
    for name in inlined:
        specs += _specs(type(getattr(default, name)), getattr(default, name))

    def make(**values: Any) -> Any:
        try:
            for name in inlined:
                section = getattr(default, name)
                own = {f.name: values.pop(f.name) for f in fields(section) if f.name in values}
                values[name] = replace(section, **own)
            return cls(**values) if default is None else replace(default, **values)
        except ConfigError as error:
            raise _Refused(error) from error

    if inlined:
        specs.sort(key=lambda spec: FIRST.index(spec.name) if spec.name in FIRST else len(FIRST))
    return StructConstructorSpec(make, tuple(specs))


def _specs(cls: type, default: object) -> list[StructFieldSpec]:
    """Return the name, type, default and help of a dataclass's own fields."""
    hints, texts, specs = get_type_hints(cls), explanations(cls), []
    for field in fields(cls):
        option = field.metadata.get("option")
        if option == "" or "asked_as" in field.metadata:
            continue
        hint: Any = hints[field.name]
        if option is not None:
            hint = Annotated[hint, tyro.conf.arg(name=option)]
        if field.metadata.get("positional"):
            hint = Annotated[hint, tyro.conf.Positional]
        value = tyro.MISSING if field.default is MISSING else field.default
        if default is not None:
            value = getattr(default, field.name)
        specs.append(StructFieldSpec(field.name, hint, value, texts[field.name]))
    return specs
