"""Settings that a configuration does not use have no effect and are not reported."""

from pathlib import Path
from typing import Any

import pytest
import torch

from agents.analysis.groups import differences, differing, group_runs
from agents.config import flatten, to_dict, with_fields
from agents.config.idle import GATES, idle_settings
from agents.config.presets import preset_config
from agents.runs.reader import find_runs, read_run
from tests.runs import write_run
from tests.small_runs import small, train

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
        (flat(obs="state"), {"env.crop", "env.size", "env.frame_stack", "network.zero_level"}, {"env.action_repeat"}),
        (flat(obs="pixels"), {"env.repeat_action_probability", "env.protocol", "env.frame_skip"}, {"env.crop", "env.frame_stack"}),
        (flat(env=PONG), {"env.action_repeat", "evaluation.max_steps"}, {"env.repeat_action_probability", "env.protocol"}),
        (flat("dqn"), {"memory.importance_sampling_exponent", "learning.num_atoms", "learning.num_quantiles"}, {"memory.priority_exponent"}),
        (flat("prioritized"), {"memory.num_steps"}, {"memory.priority_exponent", "memory.importance_sampling_exponent"}),
        (flat("c51"), {"learning.huber_delta", "learning.loss", "learning.num_quantiles"}, {"learning.num_atoms"}),
        (flat("qr-dqn"), {"learning.num_atoms", "learning.v_min", "learning.v_max"}, {"learning.num_quantiles", "learning.huber_delta"}),
        (flat("dqn", **{"learning.loss": "squared"}), {"learning.huber_delta"}, {"learning.loss"}),
        (flat("dqn"), {"learning.munchausen_tau"}, {"learning.learning_rate_end"}),
        (flat("munchausen"), set(), {"learning.munchausen_tau", "learning.munchausen_clip"}),
        (flat("nature", PONG), {"learning.adam_epsilon"}, {"target.update_period"}),
        (flat("noisy"), {"exploration.epsilon_decay_steps"}, {"network.noisy"}),
        (flat("pqn"), {"memory.capacity", "returns.n_step", "schedule.train_frequency"}, {"returns.td_lambda"}),
        (flat("dqn"), {"network.width", "network.pool"}, {"network.torso"}),
        (flat("btr"), set(), {"network.width", "network.pool", "network.spectral"}),
    ],
)  # fmt: skip
def test_settings_without_effect_are_idle(config: dict[str, Any], idle: set[str], used: set[str]) -> None:
    result = idle_settings(config)
    assert idle <= result
    assert not used & result


# Another value of each field that may be idle and is not refused where it is.
OTHERS: dict[str, Any] = {
    "env.crop": (0, 1, 0, 1),
    "env.size": (5, 5),
    "env.frame_stack": 2,
    "network.zero_level": 9,
    "evaluation.probe_samples": 80,
    "learning.num_atoms": 7,
    "learning.v_min": -1.0,
    "learning.v_max": 1.0,
    "learning.num_quantiles": 3,
    "learning.huber_delta": 9.0,
    "learning.adam_epsilon": 0.1,
    "learning.munchausen_alpha": 0.5,
    "learning.munchausen_tau": 0.5,
    "learning.munchausen_clip": -3.0,
    "memory.capacity": 200,
    "memory.importance_sampling_exponent": 0.9,
    "memory.num_steps": 9,
    "returns.td_lambda": 0.1,
    "memory.update_epochs": 5,
    "schedule.learning_starts": 7,
    "schedule.train_frequency": 3,
    "schedule.gradient_steps": 2,
    "exploration.epsilon_decay_steps": 7,
}


@pytest.mark.parametrize(
    ("preset", "fields"),
    [
        ("dqn", {}),
        ("fast", {"learning.loss": "squared", "learning.optimizer": "rmsprop"}),
        ("c51", {"exploration.epsilon_start": 0.1, "exploration.epsilon_end": 0.1}),
        ("pqn", {"learning.batch_size": 64}),
    ],
)
def test_an_idle_setting_changes_no_bit_of_the_parameters(
    preset: str, fields: dict[str, Any], tmp_path: Path
) -> None:
    plain = small("state", preset=preset, steps=160, **fields)
    changes = {n: OTHERS[n] for n in sorted(idle_settings(flatten(to_dict(plain)))) if n in OTHERS}
    assert len(changes) >= 10
    changed = with_fields(plain, changes)
    first, second = train(plain, tmp_path / "plain"), train(changed, tmp_path / "changed")
    for left, right in zip(first.agent.online.parameters(), second.agent.online.parameters(), strict=True):
        assert torch.equal(left, right)


def test_only_settings_in_use_count_as_differences() -> None:
    names = differing(
        [flat("c51"), flat("dqn", **{"learning.v_min": 0.0, "learning.v_max": 1.0, "returns.gamma": 0.9})]
    )
    assert "learning.value" in names and "returns.gamma" in names
    assert not {"learning.v_min", "learning.v_max", "learning.huber_delta", "learning.num_atoms"} & set(
        names
    )
    assert not {name for name in differing([flat(obs="state"), flat()]) if name.startswith("env.")} - {
        "env.obs"
    }


def test_a_group_that_does_not_use_a_setting_shows_a_dash_for_it(tmp_path: Path) -> None:
    for name, preset, fields in (
        ("a", "c51", {"learning__num_atoms": 51}),
        ("b", "rainbow", {"learning__num_atoms": 21}),
        ("c", "dqn", {}),
    ):
        write_run(tmp_path / name, preset=preset, scores=[1, 2], **fields)
    groups = group_runs([read_run(path) for path in find_runs([tmp_path])])
    assert dict(differences(groups))["learning.num-atoms"] == ["51", "21", "–"]


def test_runs_that_differ_in_idle_settings_only_are_one_group(tmp_path: Path) -> None:
    for seed, least in ((1, -1.0), (2, -2.0)):
        write_run(tmp_path / str(seed), seed=seed, scores=[1, 2], learning__munchausen_clip=least)
    (group,) = group_runs([read_run(path) for path in find_runs([tmp_path])])
    assert len(group.runs) == 2 and group.method == "dqn, state"
