"""From the command line to arguments, by tyro; bad input becomes one sentence."""

import contextlib
import inspect
import io
import re
from collections.abc import Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Annotated, Any, TypeVar, get_type_hints

import tyro
from tyro.constructors import ConstructorRegistry, StructConstructorSpec, StructFieldSpec, StructTypeInfo

from agents.cli.options import check_words, explanations
from agents.config import ConfigError

T = TypeVar("T")
FIRST = ("environment", "obs", "preset", "steps", "seed", "resume", "run_dir", "reward_threshold", "device")
"""Fields that people ask for most often, at the head of the help; the rest follows as it stands."""

registry = ConstructorRegistry()


class _Refused(Exception):  # noqa: N818
    """Carries a `ConfigError` past tyro, which would put it into a frame."""

    def __init__(self, error: ConfigError) -> None:
        self.error = error


def parse(cls: type[T], words: Sequence[str], **options: Any) -> T:
    """Parses the words of a command line.

    Args:
        cls: Dataclass whose fields are the options.
        words: What was typed.
        options: For `tyro.cli`.

    Raises:
        ConfigError: an option is unknown or its value unfit.
        SystemExit: after `--help`.
    """
    options.setdefault("description", inspect.getdoc(cls))
    check_words(cls, words, others=options.get("return_unknown_args", False))
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors):
            return tyro.cli(cls, args=list(words), registry=registry, **options)
    except _Refused as refused:
        raise refused.error from None
    except SystemExit as error:
        if not error.code:
            raise
        raise ConfigError(_sentence(errors.getvalue())) from None


def _sentence(box: str) -> str:
    """Returns what a framed message of tyro says, as one line without markup."""
    rows = [re.sub(r"^[│|]\s?|\s*[│|]$", "", row) for row in box.splitlines()]
    rows = [row.strip() for row in rows if row.strip() and not re.match(r"^[╭╰+]", row)]
    text = " ".join(row for row in rows if not set(row) <= set("─-"))
    text = re.sub(r"(Argument helptext:|For full helptext).*|\[/?bold\]", "", text).strip()
    text = re.sub(r"\s+", " ", text).rstrip(".;,")
    return f"{text}; see --help."


@registry.struct_rule
def _by_fields(info: StructTypeInfo) -> StructConstructorSpec | None:
    """Tells tyro of a dataclass: its fields by need, each explained in one paragraph."""
    if not is_dataclass(info.type):
        return None
    cls: Any = info.type
    default: Any = info.default if isinstance(info.default, cls) else None
    inside = [field.name for field in fields(cls) if field.metadata.get("option") == ""]
    specs = _specs(cls, default)
    for name in inside:
        specs += _specs(type(getattr(default, name)), getattr(default, name))

    def make(**values: Any) -> Any:
        try:
            for name in inside:
                part = getattr(default, name)
                own = {f.name: values.pop(f.name) for f in fields(part) if f.name in values}
                values[name] = replace(part, **own)
            return cls(**values) if default is None else replace(default, **values)
        except ConfigError as error:
            raise _Refused(error) from error

    if inside:
        specs.sort(key=lambda spec: FIRST.index(spec.name) if spec.name in FIRST else len(FIRST))
    return StructConstructorSpec(make, tuple(specs))


def _specs(cls: Any, default: Any) -> list[StructFieldSpec]:
    """Returns what tyro has to know of a dataclass's own fields."""
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
