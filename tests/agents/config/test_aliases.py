"""Old names: read in saved configurations, answered on the command line."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.cli.train import Train
from agents.config import Config, ConfigError, flatten, from_dict, to_dict, with_fields
from agents.config.aliases import RENAMED, SPLIT, VALUES, updated
from agents.config.presets import PRESETS, preset_config

PRESENT = flatten(to_dict(Config()))
OLD_FIELDS = {old: new for old, new in RENAMED.items() if new in PRESENT and old != "threshold"}


def old_style(config: Config, renamed: set[str]) -> dict[str, Any]:
    """The configuration as an older version wrote it: these fields, values and splits under old names."""
    flat = flatten(to_dict(config))
    for old, new in OLD_FIELDS.items():
        if old in renamed:
            flat[old] = flat.pop(new)
    for old, new_names in SPLIT.items():
        if old in renamed:
            flat[old] = [flat.pop(name) for name in new_names]
    for field, values in VALUES.items():
        before = {new: old for old, new in values.items()}
        flat[field] = before.get(flat[field], flat[field]) if field in renamed else flat[field]
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        section, _, field = name.rpartition(".")
        (tree.setdefault(section, {}) if section else tree)[field] = value
    return tree


@given(
    preset=st.sampled_from(sorted(PRESETS)),
    renamed=st.sets(st.sampled_from(sorted({*OLD_FIELDS, *SPLIT, *VALUES}))),
    threshold=st.floats(-1e6, 1e6),
)
def test_a_configuration_under_any_old_names_is_read_as_itself(
    preset: str, renamed: set[str], threshold: float
) -> None:
    config = preset_config(preset, "ALE/Pong-v5", "pixels")
    config = with_fields(config, {"reward_threshold": threshold, "seed": 7})
    assert from_dict(old_style(config, renamed)) == config
    assert from_dict(old_style(config, {*OLD_FIELDS, *SPLIT, *VALUES})) == config


def test_every_new_name_of_a_field_exists_and_every_old_one_is_gone() -> None:
    new = {name for old, name in RENAMED.items() if "." in old} | {
        n for names in SPLIT.values() for n in names
    }
    assert new <= set(PRESENT)
    assert not {*RENAMED, *SPLIT} & set(PRESENT)


def test_a_name_is_updated_once_and_for_all() -> None:
    """No new name is an old one too, so that present files are read unchanged."""
    assert updated(PRESENT) == PRESENT
    assert not set(RENAMED.values()) & set(RENAMED)


@pytest.mark.parametrize("old", [*OLD_FIELDS, *SPLIT])
def test_an_old_option_is_answered_with_its_new_name(old: str) -> None:
    names = SPLIT.get(old) or (OLD_FIELDS[old],)
    options = " and ".join(f"--{name}".replace("_", "-") for name in names)
    with pytest.raises(ConfigError) as refusal:
        Train.parse([f"--{old}".replace("_", "-"), "1"])
    assert str(refusal.value) == f"--{old.replace('_', '-')} is now called {options}; use that."


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("--memory.no-clip-reward", "--returns.no-clip-reward"),
        ("--env.no-full-actions", "--env.no-full-action-space"),
        ("--env.life_loss", "--env.zero-discount-on-life-loss"),
    ],
)
def test_an_old_switch_is_known_in_every_spelling(old: str, new: str) -> None:
    with pytest.raises(ConfigError, match=f"{old.replace('_', '-')} is now called {new}; use that"):
        Train.parse([old])
