"""Provenance of each field, from the defaults to the command line."""

import difflib
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from agents.config.aliases import present_names
from agents.config.config import flatten, to_dict
from agents.config.presets import Stage
from envs.config import ConfigError


def explain(stages: Sequence[Stage], names: Sequence[str] = ()) -> str:
    """Return a line of layers and values for each named field, or all.

    Raises:
        ConfigError: no such field; the sentence has its present name or the closest one.

    Example:
        >>> from agents.config.presets import preset_stages
        >>> print(explain(preset_stages("qr-dqn", "CartPole-v1", "pixels"), ["learning.huber_delta"]))
        learning.huber_delta: default 1 -> family 100 -> qr-dqn 1
    """
    layers = [(stage.layer, flatten(to_dict(stage.config))) for stage in stages]
    known = list(layers[0][1])
    chosen = [_field(name, known) for name in names] or known
    width = max(map(len, chosen)) + 1
    lines = []
    for name in chosen:
        values = [(layer, _text(fields[name])) for layer, fields in layers]
        history = " -> ".join(" ".join(next(same)) for _, same in groupby(values, itemgetter(1)))
        lines.append(f"{name + ':':{width}} {history}")
    return "\n".join(lines)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_text, value))
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _field(name: str, fields: Sequence[str]) -> str:
    """Return the field of a name, spelt as in Python or options."""
    field = name.removeprefix("--").replace("-", "_")
    if field in fields:
        return field
    if renamed := present_names(field):
        raise ConfigError(f"--explain {name}: the field is now called {' and '.join(renamed)}; use that.")
    closest = max(fields, key=lambda known: _likeness(field, known))
    fix = f"did you mean {closest}?" if _likeness(field, closest) > 0.7 else "give none to see them all."
    raise ConfigError(f"--explain {name}: there is no such field; {fix}")


def _likeness(name: str, field: str) -> float:
    """Return the likeness of names, 0 to 1.1, mostly of last words."""
    pairs = ((name.rpartition(".")[2], field.rpartition(".")[2], 1.0), (name, field, 0.1))
    return sum(weight * difflib.SequenceMatcher(None, a, b).ratio() for a, b, weight in pairs)
