"""Settings that a configuration does not use decide nothing, and are told of nobody."""

from pathlib import Path
from typing import Any

import pytest
import torch

from agents.analysis.groups import differences, differing, group_runs
from agents.config import flatten, to_dict
from agents.config.idle import GATES, idle_settings
from agents.config.presets import preset_config, with_fields
from agents.runs.reader import find_runs, read_run
from tests.agents.test_training import small, train
from tests.runs import write_run

PONG = "ALE/Pong-v5"


def flat(
    preset: str = "fast", env: str = "CartPole-v1", obs: str = "pixels", **fields: Any
) -> dict[str, Any]:
    return flatten(to_dict(with_fields(preset_config(preset, env, obs), fields)))


def test_every_field_that_may_be_idle_exists_once() -> None:
    names = [name for fields, _ in GATES for name in fields]
    assert set(names) <= set(flat()) and len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("config", "idle", "used"),
    [
        (flat(obs="state"), {"env.crop", "env.size", "env.stack", "network.zero_level"}, {"env.action_repeat"}),
        (flat(obs="pixels"), {"env.sticky", "env.protocol", "env.frame_skip"}, {"env.crop", "env.stack"}),
        (flat(env=PONG), {"env.action_repeat", "evaluation.max_steps"}, {"env.sticky", "env.protocol"}),
        (flat("dqn"), {"memory.beta", "learning.atoms", "learning.quantiles"}, {"memory.priority"}),
        (flat("prioritized"), {"memory.window"}, {"memory.priority", "memory.beta"}),
        (flat("c51"), {"learning.huber_delta", "learning.loss", "learning.quantiles"}, {"learning.atoms"}),
        (flat("qr-dqn"), {"learning.atoms", "learning.value_range"}, {"learning.quantiles", "learning.huber_delta"}),
        (flat("dqn", **{"learning.loss": "squared"}), {"learning.huber_delta"}, {"learning.loss"}),
        (flat("dqn"), {"learning.munchausen_tau"}, {"learning.learning_rate_end"}),
        (flat("munchausen"), set(), {"learning.munchausen_tau", "learning.munchausen_least"}),
        (flat("nature", PONG), {"learning.adam_epsilon"}, {"schedule.target_every"}),
        (flat("noisy"), {"schedule.epsilon_duration"}, {"network.noisy"}),
        (flat("pqn"), {"memory.capacity", "learning.n_step", "schedule.learn_every"}, {"memory.trace"}),
        (flat("dqn"), {"network.width", "network.pool"}, {"network.torso"}),
        (flat("btr"), set(), {"network.width", "network.pool", "network.spectral"}),
    ],
)  # fmt: skip
def test_what_an_agent_does_not_use_is_idle(config: dict[str, Any], idle: set[str], used: set[str]) -> None:
    found = idle_settings(config)
    assert idle <= found
    assert not used & found


# Another value of each field that may be idle and is not refused where it is.
OTHERS: dict[str, Any] = {
    "env.crop": (0, 1, 0, 1),
    "env.size": (5, 5),
    "env.stack": 2,
    "network.zero_level": 9,
    "evaluation.probe_samples": 80,
    "learning.atoms": 7,
    "learning.value_range": (-1.0, 1.0),
    "learning.quantiles": 3,
    "learning.huber_delta": 9.0,
    "learning.adam_epsilon": 0.1,
    "learning.munchausen_alpha": 0.5,
    "learning.munchausen_tau": 0.5,
    "learning.munchausen_least": -3.0,
    "memory.capacity": 200,
    "memory.beta": 0.9,
    "memory.window": 9,
    "memory.trace": 0.1,
    "memory.epochs": 5,
    "schedule.learn_start": 7,
    "schedule.learn_every": 3,
    "schedule.updates": 2,
    "schedule.epsilon_duration": 7,
}


@pytest.mark.parametrize(
    ("preset", "fields"),
    [
        ("dqn", {}),
        ("fast", {"learning.loss": "squared", "learning.optimizer": "rmsprop"}),
        ("c51", {"schedule.epsilon_start": 0.1, "schedule.epsilon_end": 0.1}),
        ("pqn", {"learning.batch_size": 64}),
    ],
)
def test_an_idle_setting_changes_no_bit_of_what_is_learned(
    preset: str, fields: dict[str, Any], tmp_path: Path
) -> None:
    plain = small("state", preset=preset, steps=160, **fields)
    changes = {n: OTHERS[n] for n in sorted(idle_settings(flatten(to_dict(plain)))) if n in OTHERS}
    assert len(changes) >= 10
    changed = with_fields(plain, changes)
    first, second = train(plain, tmp_path / "plain"), train(changed, tmp_path / "changed")
    for left, right in zip(first.agent.online.parameters(), second.agent.online.parameters(), strict=True):
        assert torch.equal(left, right)


def test_differences_are_told_of_settings_that_both_sides_use() -> None:
    told = differing(
        [flat("c51"), flat("dqn", **{"learning.value_range": (0.0, 1.0), "learning.gamma": 0.9})]
    )
    assert "learning.value" in told and "learning.gamma" in told
    assert not {"learning.value_range", "learning.huber_delta", "learning.atoms"} & set(told)
    assert not {name for name in differing([flat(obs="state"), flat()]) if name.startswith("env.")} - {
        "env.obs"
    }


def test_a_group_that_does_not_use_a_setting_shows_a_dash_for_it(tmp_path: Path) -> None:
    for name, preset, fields in (
        ("a", "c51", {"learning__atoms": 51}),
        ("b", "rainbow", {"learning__atoms": 21}),
        ("c", "dqn", {}),
    ):
        write_run(tmp_path / name, preset=preset, scores=[1, 2], **fields)
    groups = group_runs([read_run(path) for path in find_runs([tmp_path])])
    assert dict(differences(groups))["learning.atoms"] == ["51", "21", "–"]


def test_runs_that_differ_in_idle_settings_only_are_one_group(tmp_path: Path) -> None:
    for seed, least in ((1, -1.0), (2, -2.0)):
        write_run(tmp_path / str(seed), seed=seed, scores=[1, 2], learning__munchausen_least=least)
    (group,) = group_runs([read_run(path) for path in find_runs([tmp_path])])
    assert len(group.runs) == 2 and group.method == "dqn, state"
