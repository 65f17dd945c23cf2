"""The layer that set each field, as `--explain` prints it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.config import Config, ConfigError, flatten, to_dict, with_fields
from agents.config.aliases import RENAMED, SPLIT
from agents.config.presets import PRESETS, Stage, preset_stages
from agents.config.provenance import explain
from tests.command_line import call
from tests.runs import write_run

FIELDS = sorted(flatten(to_dict(Config())))


def test_a_field_is_explained_from_its_default_to_the_command_line() -> None:
    stages = preset_stages("qr-dqn", "CartPole-v1", "pixels")
    stages.append(Stage("command line", with_fields(stages[-1].config, {"learning.huber_delta": 2.0})))
    line = "learning.huber_delta: default 1 -> family 100 -> qr-dqn 1 -> command line 2"
    assert explain(stages, ["learning.huber-delta"]) == line


def test_an_atari_protocol_is_a_layer_of_its_own() -> None:
    stages = preset_stages("rainbow", "ALE/Pong-v5", "pixels", "machado")
    assert explain(stages, ["env.full_action_space"]).endswith("default False -> protocol machado True")
    stages = preset_stages("der", "ALE/Pong-v5", "pixels")
    assert explain(stages, ["steps"]) == "steps: default 100000 -> family 50000000 -> der 100000"


@given(
    preset=st.sampled_from(sorted(PRESETS)),
    env=st.sampled_from(["CartPole-v1", "Acrobot-v1", "ALE/Pong-v5"]),
)
def test_the_whole_configuration_has_one_aligned_line_a_field_that_ends_in_its_value(
    preset: str, env: str
) -> None:
    stages = preset_stages(preset, env, PRESETS[preset].observations[0])
    lines = explain(stages).splitlines()
    values = flatten(to_dict(stages[-1].config))
    assert [line.partition(":")[0] for line in lines] == list(values)
    assert len({line.index(" default ") for line in lines}) == 1
    for line, value in zip(lines, values.values(), strict=True):
        text = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        last = line.rpartition(" -> ")[2]
        assert last.endswith(f" {text.removesuffix('.0') if isinstance(value, float) else text}")


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("learning.gama", "did you mean returns.gamma?"),
        ("n_step", "did you mean returns.n_step?"),
        ("learning.num_atom", "did you mean learning.num_atoms?"),
        ("evaluation.episode", "did you mean evaluation.episodes?"),
        ("xyzzy", "give none to see them all."),
    ],
)
def test_an_unknown_field_is_answered_with_the_closest(name: str, fix: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"--explain {name}: there is no such field; {fix}".replace("?", r"\?")
    ):
        explain(preset_stages("fast", "CartPole-v1", "state"), [name])


@pytest.mark.parametrize("old", [name for name in (*RENAMED, *SPLIT) if "." in name])
def test_an_old_field_is_answered_with_its_present_name(old: str) -> None:
    with pytest.raises(ConfigError, match=r"is now called .*; use that"):
        explain(preset_stages("fast", "CartPole-v1", "state"), [old])


def test_the_script_explains_with_all_other_options_and_trains_nothing(tmp_path: Path) -> None:
    words = ["--env", "pong", "--preset", "rainbow", "--seed", "3", "--run-dir", f"{tmp_path}/run"]
    done = call("train", *words, "--explain", "learning.learning_rate", "seed")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "learning.learning_rate: default 0.001 -> family 0.00025 -> prioritized 6.25e-05",
        "seed:                   default 1 -> command line 3",
    ]
    done = call("train", *words, "--explain")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, len(FIELDS))


def test_a_saved_run_is_a_layer_below_the_command_line(tmp_path: Path) -> None:
    write_run(tmp_path / "run", seed=3, learning__batch_size=64)
    words = ["--run-dir", f"{tmp_path}/run", "--resume", "--learning.batch-size", "32"]
    out = call("train", *words, "--explain", "learning.batch_size", "seed").stdout
    assert out.splitlines() == [
        "learning.batch_size: default 32 -> fast 128 -> saved run 64 -> command line 32",
        "seed:                default 1 -> saved run 3",
    ]


def test_the_script_refuses_a_field_that_is_none_in_one_sentence() -> None:
    done = call("train", "--explain", "learning.gamma")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == "error: --explain learning.gamma: the field is now called returns.gamma; use that.\n"
    )
