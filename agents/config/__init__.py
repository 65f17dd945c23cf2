"""The configuration of a run as frozen data, and its presets.

`config.py` composes the sections (`sections.py`, and those of `envs` and `models`) and checks the rules
between them. A preset (`presets.py`) is a base algorithm (`algorithms.py`) with parts (`parts.py`), each a
function from configuration to configuration. `provenance.py` tells the layer that set a field, `idle.py`
the fields without effect; `kinds.py` checks values against type hints, `aliases.py` reads old names.
"""

from agents.config.config import Config, flatten, from_dict, to_dict, with_fields
from envs.config import ConfigError

__all__ = ["Config", "ConfigError", "flatten", "from_dict", "to_dict", "with_fields"]
