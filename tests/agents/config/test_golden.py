"""The exact configuration of every preset, pinned by hashes.

After an intended change of a preset, `python -m tests.agents.config.test_golden` writes them anew.
"""

import hashlib
import json
from itertools import product
from pathlib import Path

import pytest

from agents.config import Config, ConfigError, flatten, to_dict
from agents.config.presets import PRESETS, preset_config
from envs.protocols import PROTOCOLS

HASHES = Path(__file__).with_name("preset_hashes.json")
ENVIRONMENTS = ("CartPole-v1", "Acrobot-v1", "ALE/Pong-v5", "ALE/Breakout-v5")
DEFAULTS = flatten(to_dict(Config()))
REMOVALS = (
    "rainbow-without-noisy-without-c51",
    "btr-without-iqn-without-noisy",
    "der-without-n-step-without-noisy",
)
NAMES = [
    *PRESETS,
    *(f"{name}-without-{part}" for name, preset in PRESETS.items() for part in preset.parts),
    *REMOVALS,
]


def digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def configurations(name: str, env: str) -> list[dict[str, object]]:
    """Fields that differ from their defaults, for both observations and every protocol."""
    atari = env.startswith("ALE/")
    protocols = [None, "none", *(PROTOCOLS if atari else ())]
    rows = []
    for obs, protocol in product(PRESETS[name.partition("-without-")[0]].observations, protocols):
        flat = flatten(to_dict(preset_config(name, env, obs, protocol)))
        rows.append({field: value for field, value in flat.items() if value != DEFAULTS[field]})
    return rows


def hashes() -> dict[str, object]:
    table: dict[str, object] = {"defaults": digest(DEFAULTS)}
    return table | {
        name: {env: digest(configurations(name, env)) for env in ENVIRONMENTS} for name in NAMES
    }


def test_every_preset_is_configured_exactly_as_before() -> None:
    assert hashes() == json.loads(HASHES.read_text())


def test_a_hash_tells_protocols_and_observations_apart() -> None:
    rows = [digest(row) for row in configurations("rainbow", "ALE/Pong-v5")]
    assert len(set(rows)) == len(rows) - 2  # the preset's own protocol is also among the named ones
    with pytest.raises(ConfigError):
        preset_config("nature", "CartPole-v1", "state")


if __name__ == "__main__":
    HASHES.write_text(json.dumps(hashes(), indent=1) + "\n")
