"""Deep Q-learning from pixels or states: `agents.train`, `agents.load`, `agents.evaluate`.

`build.py` makes a run from a configuration (`config/`): `acting/` steps the environments and fills a
`memory/`, `learning/` is the mathematics, `training/` the loop around them, `runs/` the folder they are
written to. `agent.py` opens a run again, for `recording/` among others; `analysis/` and `report/` compare
runs; `cli/` reads the command line. `docs/architecture.md` draws the rooms.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.agent import evaluate, load
    from agents.build import train

__all__ = ["evaluate", "load", "train"]

_VERBS = {"train": "agents.build", "load": "agents.agent", "evaluate": "agents.agent"}


def __getattr__(name: str) -> Any:
    """Import a verb at its first use: torch takes two seconds."""
    if name in _VERBS:
        return getattr(import_module(_VERBS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
