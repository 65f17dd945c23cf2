"""Presets: composed of parts; each runs, resumes and (slow) learns."""

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.build import build_trainer, network_for
from agents.cli.train import Train
from agents.config import Config, ConfigError, flatten, parts, to_dict, with_fields
from agents.config.algorithms import dqn
from agents.config.kinds import fits
from agents.config.presets import LADDER, PRESETS, preset_config
from agents.learning.optimizers import OPTIMIZERS
from agents.runs.folder import RunFolder
from envs.config import EnvConfig
from envs.factory import make_vector_env
from tests.small_runs import assert_same_run, small, train
from tests.toy import TOY


def changed_fields(before: Config, after: Config) -> set[str]:
    old, new = flatten(to_dict(before)), flatten(to_dict(after))
    return {name for name in old if old[name] != new[name]}


SIX = ("double", "dueling", "n-step", "prioritized", "noisy", "c51")


def fields(preset: str, env: str, obs: str) -> dict[str, Any]:
    flat = flatten(to_dict(preset_config(preset, env, obs)))
    return {name: value for name, value in flat.items() if name != "preset"}


def both() -> list[tuple[str, str]]:
    return [(preset, obs) for preset in PRESETS for obs in PRESETS[preset].observations]


@pytest.mark.parametrize(("preset", "obs"), both())
def test_every_preset_runs(preset: str, obs: str, tmp_path: Path) -> None:
    config = small(obs, preset, steps=300)
    if config.schedule.clock == "episodes":
        clock = {"schedule.learning_starts": 0, "schedule.train_frequency": 1, "schedule.gradient_steps": 3}
        config = with_fields(config, clock)
    trainer = train(config, tmp_path / "run")
    assert trainer.progress.env_steps >= 300
    assert trainer.progress.updates > 0
    assert np.isfinite([p.norm().item() for p in trainer.agent.online.parameters()]).all()


def test_a_preset_for_pixels_only_says_so() -> None:
    for preset in ("nature", "drq-eps"):
        with pytest.raises(ConfigError, match="is for --obs pixels only; choose"):
            preset_config(preset, "CartPole-v1", "state")


@pytest.mark.parametrize(
    ("preset", "obs"), [("rainbow", "state"), ("btr", "pixels"), ("pqn", "state"), ("drq-eps", "pixels")]
)
@pytest.mark.parametrize("overlap", [False, True])
def test_a_stopped_run_resumes_exactly(preset: str, obs: str, overlap: bool, tmp_path: Path) -> None:
    """Stopped inside a rollout and between updates: noise, levels, priorities and returns are saved."""
    config = small(obs, preset, steps=300, **{"schedule.overlap": overlap})
    train(config, tmp_path / "whole")
    folder = RunFolder(tmp_path / "parts", config, resume=False)
    trainer = build_trainer(config, folder)
    trainer.run(lambda: trainer.progress.updates >= 21)
    folder.close()
    assert trainer.progress.env_steps < 300
    train(config, tmp_path / "parts", resume=True)
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.parametrize("env", ["CartPole-v1", "ALE/Pong-v5", "Acrobot-v1"])
def test_rainbow_is_the_merge_of_six_others(env: str) -> None:
    """Rainbow changes the fields of plain DQN that one of the six changes, and no others."""
    plain, merged = fields("dqn", env, "pixels"), fields("rainbow", env, "pixels")
    changed = {name: value for name, value in merged.items() if value != plain[name]}
    alone = [fields(part, env, "pixels") for part in SIX]
    for name, value in changed.items():
        assert value in [one[name] for one in alone], name
    for one in alone:
        assert {name for name in one if one[name] != plain[name]} <= set(changed)


@pytest.mark.parametrize("part", SIX)
def test_without_leaves_one_part_out(part: str) -> None:
    plain = fields("dqn", "CartPole-v1", "state")
    whole = fields("rainbow", "CartPole-v1", "state")
    left = fields(f"rainbow-without-{part}", "CartPole-v1", "state")
    removed = {name for name in whole if whole[name] != left[name]}
    alone = PRESETS["rainbow"].parts[part]
    own = changed_fields(Config(), alone(Config()))
    assert removed
    assert removed <= own
    assert all(left[name] == plain[name] for name in removed)


def test_without_on_the_command_line_names_the_run(tmp_path: Path) -> None:
    words = ["--preset", "rainbow", "--obs", "state", "--without", "noisy", "c51", "--seed", "2"]
    arguments = Train.parse(words)
    assert arguments.run_dir == Path("runs/CartPole-v1/rainbow-without-noisy-without-c51-state/seed2")
    assert arguments.config.network.noisy == 0
    assert arguments.config.learning.value == "scalar"
    assert arguments.config.memory.priority_exponent > 0
    assert arguments.config.exploration.epsilon_end > 0


def test_a_value_tuned_by_a_preset_leaves_with_its_part() -> None:
    """Der has 20-step returns of its own; without n-step it has 1."""
    assert preset_config("der", "ALE/Pong-v5", "pixels").returns.n_step == 20
    assert preset_config("der-without-n-step", "ALE/Pong-v5", "pixels").returns.n_step == 1


def test_a_part_that_a_preset_lacks_is_refused() -> None:
    with pytest.raises(ConfigError, match="--without c51: preset double has double; name one of those"):
        preset_config("double-without-c51", "CartPole-v1", "state")
    with pytest.raises(ConfigError, match="--without noisy: preset dqn is not made of parts"):
        preset_config("dqn-without-noisy", "CartPole-v1", "state")


@pytest.mark.parametrize(
    ("name", "value"),
    [("reward_threshold", -21), ("learning.v_max", 10), ("learning.munchausen_clip", -1)],
)
def test_fields_of_floats_accept_negative_integers(name: str, value: Any) -> None:
    config = preset_config("dqn", "CartPole-v1", "state")
    assert flatten(to_dict(with_fields(config, {name: value})))[name] == value


def test_an_integer_beyond_all_floats_is_refused() -> None:
    with pytest.raises(ConfigError, match="--steps is 1000000"):
        with_fields(Config(), {"steps": 10**400})
    assert not fits(float, 10**400)
    assert fits(dict[str, float], {"act": 0.5}) and not fits(dict[str, float], {"act": "half"})


CONTRADICTIONS = [
    ("munchausen", {"learning.double": True}, "leave one of the two out"),
    ("c51", {"learning.loss": "squared"}, "leave one of them out"),
    ("c51", {"learning.v_min": 1.0, "learning.v_max": 0.0}, "give a larger v-max"),
    ("pqn", {"returns.n_step": 3}, "--returns.n-step would do nothing"),
    ("pqn", {"learning.double": True}, "--learning.double would do nothing"),
    ("pqn", {"learning.backup": "munchausen"}, "--learning.backup would do nothing"),
    ("pqn", {"target.tau": 0.1}, "--target.tau would do nothing"),
    ("pqn", {"memory.priority_exponent": 0.5}, "is for a replay memory"),
    ("pqn", {"learning.batch_size": 10**6}, "raise --memory.num-steps or --env.num-envs"),
    ("pqn", {"schedule.clock": "episodes"}, "leave --schedule.clock out"),
    ("dqn", {"learning.shift": 4}, "leave it out with --obs state"),
    ("dqn", {"memory.priority_exponent": 2.0}, "give 0 to 1"),
    (
        "dqn",
        {"schedule.learning_starts": 0, "env.num_envs": 16, "returns.n_step": 2},
        "--schedule.learning-starts 32 or",
    ),
    (
        "dqn",
        {"learning.learning_rate_end": -1.0},
        "--learning.learning-rate-end is -1.0; give a number above 0, or None",
    ),
    ("dqn", {"learning.max_grad_norm": 0.0}, "--learning.max-grad-norm is 0.0; give a number above 0"),
    ("dqn", {"network.hidden": (8, 0)}, "--network.hidden is 8 0; give 1 or more"),
    ("dqn", {"network.zero_level": 300}, "--network.zero-level is 300; give 255 or less"),
    ("noisy", {"network.noisy": -1.0}, "--network.noisy is -1.0; give 0 or more"),
    ("chapter", {"learning.batch_size": 1}, "--network.norm batch needs several rows"),
    ("dqn", {"target.tau": 0.0}, "must be either copied or blended"),
]


@pytest.mark.parametrize(("preset", "change", "sentence"), CONTRADICTIONS)
def test_contradictions_are_refused_with_a_sentence(
    preset: str, change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        with_fields(preset_config(preset, "CartPole-v1", "state"), change)


@pytest.mark.parametrize("obs", ["pixels", "state"])
@pytest.mark.parametrize("env", ["CartPole-v1", "Acrobot-v1", "ALE/Pong-v5"])
def test_an_algorithm_changes_neither_its_preset_nor_its_task(env: str, obs: str) -> None:
    for name, preset in PRESETS.items():
        if obs in preset.observations:
            config = preset_config(name, env, obs)
            assert (config.preset, config.env.id, config.env.obs) == (name, env, obs)


def test_parts_compose_like_functions() -> None:
    """Rainbow by hand: six functions, one inside another, on the base of the family."""
    start = Config(preset="rainbow", env=EnvConfig(id="Acrobot-v1", obs="state"))
    by_hand = dqn(start)
    for part in (parts.double, parts.dueling, parts.n_step, parts.noisy, parts.c51, parts.prioritized):
        by_hand = part(by_hand)
    assert by_hand == preset_config("rainbow", "Acrobot-v1", "state")


def test_the_ladder_has_every_member_of_the_family_and_differs_from_rung_to_rung() -> None:
    names = (
        "dqn double dueling n-step prioritized noisy c51 qr-dqn iqn munchausen m-iqn rainbow der drq-eps"
    )
    assert [*names.split(), "pqn", "btr"] == list(LADDER)
    rungs = [fields(name, "CartPole-v1", "pixels") for name in LADDER]
    assert all(left != right for left, right in pairwise(rungs))


def test_the_earliest_first_update_has_a_transition(tmp_path: Path) -> None:
    """Four environments, two steps each: then there is a first return over two steps."""
    fields = {
        "env.num_envs": 4,
        "schedule.learning_starts": 4,
        "schedule.train_frequency": 1,
        "returns.n_step": 2,
    }
    assert train(small("state", "dqn", steps=8, **fields), tmp_path / "run").progress.updates > 0


@pytest.mark.parametrize("preset", LADDER)
def test_every_member_of_the_family_fits_atari(preset: str) -> None:
    """With the networks of the papers: Pong has 6 actions."""
    config = preset_config(preset, "ALE/Pong-v5", "pixels")
    env = make_vector_env(replace(config.env, num_envs=1), [1])
    network = network_for(config, env, torch.device("cpu"))
    assert network(torch.from_numpy(env.reset())).shape == (1, 6)
    env.close()


def optimizer_table() -> dict[str, tuple[str, float, float]]:
    """Optimiser, learning rate and epsilon of every Atari preset, as `docs/optimizers.md` has them."""
    lines = (Path(__file__).parents[3] / "docs" / "optimizers.md").read_text().splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")
    ]
    return {
        preset.strip("`"): (optimizer, float(rate), float(epsilon.partition(",")[0]))
        for presets, optimizer, rate, epsilon, _ in rows
        for preset in presets.split()
    }


@pytest.mark.parametrize("preset", [*LADDER, "nature"])
def test_the_optimizer_of_an_atari_preset_is_that_of_its_source(preset: str) -> None:
    """A source that sums over the batch has its epsilon divided by 32² inside RMSProp's root."""
    settings = preset_config(preset, "ALE/Pong-v5", "pixels").learning
    parameters = [torch.nn.Parameter(torch.zeros(1))]
    optimizer = OPTIMIZERS[settings.optimizer](parameters, settings)
    group = optimizer.param_groups[0]
    assert (settings.optimizer, group["lr"], group["eps"]) == optimizer_table()[preset]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("preset", "obs"), [pair for pair in both() if pair[0] in LADDER])
def test_every_preset_learns_the_toy(preset: str, obs: str, tmp_path: Path) -> None:
    """Returns lie between -2 and 1: distributions get that range."""
    looks = {"env.size": (40, 100), "env.frame_stack": 1} if obs == "pixels" else {}
    range_ = {"learning.v_min": -2.0, "learning.v_max": 1.0, "steps": 20_000, "evaluation.probe_samples": 0}
    config = with_fields(preset_config(preset, TOY, obs), range_ | looks)
    assert train(config, tmp_path / "run").progress.steps_to_solve


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_every_number_of_a_configuration_is_finite(value: float) -> None:
    """In Python as well as on the command line."""
    flat = flatten(to_dict(preset_config("dqn", "CartPole-v1", "state")))
    names = [name for name, number in flat.items() if isinstance(number, float)]
    assert len(names) > 10
    for name in (*names, "reward_threshold", "learning.max_grad_norm"):
        with pytest.raises(ConfigError, match=f"--{name}".replace("_", "-")):
            with_fields(preset_config("dqn", "CartPole-v1", "state"), {name: value})


def test_every_count_of_a_configuration_has_an_upper_bound() -> None:
    flat = flatten(to_dict(preset_config("dqn", "CartPole-v1", "state")))
    names = [name for name, number in flat.items() if type(number) is int]
    assert len(names) > 20
    for name in (*names, "schedule.episodes", "env.mode"):
        with pytest.raises(ConfigError, match=f"--{name}".replace("_", "-")):
            with_fields(preset_config("dqn", "CartPole-v1", "state"), {name: 10**30})
