"""Bad input to every script: one sentence, exit status 2, and nothing written."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agents.cli.arguments import (
    AtariBenchmarkArguments,
    BenchmarkArguments,
    ChapterArguments,
    CompareArguments,
    EvaluateArguments,
    RecordArguments,
    SweepArguments,
)
from agents.cli.options import Option, options_of
from agents.cli.train import TrainArguments
from agents.config.kinds import accepts
from tests.command_line import call, succeeded
from tests.runs import write_run

SCRIPTS = {
    "train": TrainArguments,
    "evaluate": EvaluateArguments,
    "record": RecordArguments,
    "compare": CompareArguments,
    "sweep": SweepArguments,
    "benchmark": BenchmarkArguments,
    "benchmark_atari": AtariBenchmarkArguments,
    "chapter_loop": ChapterArguments,
}
NEEDED = {"evaluate": ["run"], "record": ["run", "--out", "play.mp4"], "compare": ["run"]}
NEEDED |= {"benchmark_atari": ["learner"], "sweep": ["--out", "grid"], "train": ["--run-dir", "new"]}
OPTIONS: list[tuple[str, Option]] = [
    (script, option)
    for script, cls in SCRIPTS.items()
    for option in options_of(cls)
    if not (option.positional or option.asked_as)
]


def contents(folder: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def refused(script: str, words: Sequence[str], folder: Path) -> str:
    """Assert that a script refuses these words with a sentence and writes nothing; return the sentence."""
    before = contents(folder)
    done = call(script, *words)
    err = done.stderr
    assert (done.returncode, done.stdout) == (2, ""), err
    assert err.startswith("error: ") and err.count("\n") == 1 and err.endswith((".\n", "?\n")), err
    assert len(err) < 400 and not any(sign in err for sign in ("{None}", "[bold]", "Traceback", "<class"))
    assert contents(folder) == before
    return err


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Working directory with a run that lacks its agent, a file, an empty folder and a damaged run."""
    place = tmp_path_factory.mktemp("bad")
    write_run(place / "run")
    (place / "letter.txt").write_text("mine")
    (place / "empty").mkdir()
    (place / "damaged").mkdir()
    (place / "damaged" / "config.json").write_text("[" * 200_000)
    return place


@pytest.fixture(autouse=True)
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


@pytest.mark.parametrize(
    ("script", "line", "sentence"),
    [
        ("train", "--env.crop 160 320", "--env.crop 160 320: give 4 whole numbers or None."),
        (
            "train",
            "--memory.capacity 1e12",
            "--memory.capacity 1e12: give a whole number in digits or None.",
        ),
        ("train", "--reward-threshold maybe", "--reward-threshold maybe: give a number, auto or none."),
        ("train", "--reward-threshold nan", "--reward-threshold nan: give a number, auto or none."),
        ("train", "--reward-threshold inf", "--reward-threshold inf: give"),
        ("train", "--steps lots", "--steps lots: give a whole number in digits."),
        ("train", "--steps lots --steps 5", "--steps lots"),
        ("train", "--steps", "--steps lacks its value: give a whole number in digits."),
        ("train", "--stpes 5", "--stpes is not an option; did you mean --steps?"),
        ("train", "--env.no-fier", "did you mean --env.no-fire?"),
        ("train", "--no-steps", "--no-steps is not an option"),
        ("train", "stray", "stray belongs to no option"),
        ("train", "--resume maybe", "--resume takes no value"),
        ("train", "--env.fire=yes --env pong", "--env.fire takes no value"),
        (
            "train",
            "--env CartPole-v1 --env.id Acrobot-v1",
            "--env.id is not an option of its own; use --env.",
        ),
        ("train", "--env.obs state", "use --obs."),
        ("train", "--checkpoint-seconds -1", "--checkpoint-seconds is -1.0; give 0 or more."),
        ("train", "--learning.learning-rate inf", "--learning.learning-rate inf: give a number."),
        (
            "train",
            "--learning.learning-rate -1",
            "--learning.learning-rate is -1.0; give a number above 0.",
        ),
        ("train", "--env.size 5000000 5000000", "--env.size is 5000000 5000000; give 4096 or less."),
        ("train", "--env.num-envs 1000000000", "--env.num-envs is 1000000000; give 10000 or less."),
        ("train", "--steps 99999999999999999999", "give 1000000000000 or less"),
        ("train", "--obs state --env.crop 0 10 0 10", "--env.crop: with --obs state no image is seen"),
        ("train", "--obs state --env.size 8 8 --env.frame-stack 2", "--env.size, --env.frame-stack: with"),
        ("train", "--run-dir letter.txt/sub", "letter.txt is no folder to write to"),
        ("train", "--run-dir letter.txt", "letter.txt exists and holds no run"),
        ("train", "--run-dir damaged --resume", "damaged/config.json is damaged (brackets"),
        ("train", "--env nowhere:Walk-v0", "There is no module nowhere"),
        ("train", "--without noisy", "preset fast is not made of parts; leave it out."),
        ("evaluate", "", "give a path as RUN (Folder of a run made by train.py)"),
        ("evaluate", "run --threads 2", "--threads is not an option"),
        ("evaluate", "run --episodes 1e3", "--episodes 1e3: give a whole number in digits."),
        ("evaluate", "run --episodes 99999999999999999999", "give 1000000000 or less"),
        ("evaluate", "run letter.txt", "run letter.txt: give a path as RUN"),
        ("evaluate", "damaged", "damaged/config.json is damaged (brackets within brackets without end)"),
        ("evaluate", "empty", "empty holds no run"),
        ("evaluate", "letter.txt", "letter.txt holds no run"),
        ("evaluate", "run", "run/checkpoint/best does not exist"),
        ("record", "run", "--out is missing"),
        ("record", "run --out empty", "choose a name that ends in .mp4"),
        ("record", "run --out letter.txt/play.mp4", "the folder letter.txt does not exist"),
        ("record", "run --out play.mp4 --view both", "--view both: give screen or agent."),
        ("compare", "", "Name the runs to compare"),
        ("compare", "run --reward-threshold nan", "--reward-threshold nan: give a number or None."),
        ("compare", "run --threshold 5", "--threshold is now called --reward-threshold; use that."),
        ("compare", "run --no-plays", "--no-plays is now called --no-videos; use that."),
        (
            "train",
            "--explain learning.gama",
            "--explain learning.gama: there is no such field; did you mean returns.",
        ),
        ("train", "--explain learning.gamma", "the field is now called returns.gamma; use that."),
        ("sweep", "--explain", "--explain: a sweep chooses that itself"),
        ("compare", "run --out page.txt", "choose a name that ends in .html"),
        ("compare", "run --figures letter.txt", "--figures letter.txt is no folder"),
        ("compare", "damaged", "damaged/config.json is damaged"),
        ("sweep", "--ladder --preset dqn", "--ladder runs all presets of the family; leave --preset out"),
        ("sweep", "--seeds 0", "--seeds is 0; give 1 or more."),
        ("sweep", "--seeds 1000000", "give 10000 or less"),
        ("sweep", "--env", "--env lacks its value"),
        (
            "sweep",
            "--obs state --env.frame-stack 2",
            "--env.frame-stack: with --obs state no image is seen",
        ),
        ("sweep", "--env.id Acrobot-v1", "use --env."),
        ("sweep", "--run_dir there", "--run-dir: a sweep chooses that itself"),
        ("benchmark", "--parts all", "--parts all: give any of frames"),
        ("benchmark_atari", "", "give throughput, learner, priorities or peers as PART"),
        ("benchmark_atari", "speed", "speed: give throughput"),
        ("chapter_loop", "--episodes 0", "--episodes is 0; give 1 or more."),
        ("chapter_loop", "--seed 4294967296", "give 4294967295 or less"),
    ],
)
def test_common_mistakes_are_answered_with_the_fix(
    script: str, line: str, sentence: str, folder: Path
) -> None:
    more = ["--run-dir", "new"] if script == "train" and "--run-dir" not in line else []
    assert sentence in refused(script, [*line.split(), *more], folder)


WORDS = st.one_of(
    st.sampled_from(
        ["", "nan", "inf", "-inf", "1e400", "None", "none", "-1", "0x10", "1,5", "½", "{}", "[1]"]
    ),
    st.integers().map(str),
    st.floats().map(str),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=8),
).filter(lambda word: not word.startswith("--") and word not in ("-h",))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.sampled_from(OPTIONS), words=st.lists(WORDS, max_size=5))
@example(chosen=next(pair for pair in OPTIONS if pair[1].name == "--figures"), words=["", ""])
def test_every_option_refuses_values_of_a_wrong_type(
    chosen: tuple[str, Option], words: list[str], folder: Path
) -> None:
    script, option = chosen
    if accepts(option.hint, words) or (option.hint is bool and not words):
        words = ["--surely-not-an-option"]
    if any(word.startswith("-") and not word[1:2].isdigit() for word in words):
        words = [word.replace("-", "+") for word in words]
        if accepts(option.hint, words):
            words = ["--surely-not-an-option"]
    place = NEEDED.get(script, [])
    refused(
        script,
        [*place, option.name, *words] if option.hint is not bool else [*place, *words, "--x"],
        folder,
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    script=st.sampled_from(sorted(SCRIPTS)),
    name=st.text("abcdefghij.-_", min_size=1, max_size=12),
    words=st.lists(WORDS, max_size=2),
)
def test_every_script_refuses_unknown_options(
    script: str, name: str, words: list[str], folder: Path
) -> None:
    names = {option.name for option in options_of(SCRIPTS[script])}
    option = f"--surely-{name}"
    assert option not in names
    refused(script, [*NEEDED.get(script, []), option, *words], folder)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=40)
    | st.recursive(st.none() | st.integers(), st.lists).map(repr).map(str.encode)
)
def test_every_script_that_reads_runs_refuses_an_arbitrary_configuration(
    content: bytes, folder: Path
) -> None:
    (folder / "arbitrary").mkdir(exist_ok=True)
    (folder / "arbitrary" / "config.json").write_bytes(content)
    for script in ("evaluate", "compare", "record"):
        words = ["--out", "play.png"] if script == "record" else []
        assert "arbitrary" in refused(script, ["arbitrary", *words], folder)


@pytest.mark.parametrize("depth", [700, 900, 980])
@pytest.mark.parametrize(
    "names", [(), ("unheard",), ("env",), ("env", "size"), ("env", "unheard"), ("seed",)]
)
def test_a_deeply_nested_configuration_is_refused(depth: int, names: tuple[str, ...], folder: Path) -> None:
    """Nested less deeply than the reader of JSON bears, and more than recursion after it would."""
    nested = '{"seed":' * depth + "1" + "}" * depth
    for name in reversed(("config", *names)):
        nested = f'{{"{name}": {nested}}}'
    (folder / "deep").mkdir(exist_ok=True)
    (folder / "deep" / "config.json").write_text(nested)
    for script in ("evaluate", "compare"):
        assert "deep/config.json" in refused(script, ["deep"], folder)


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_every_script_has_help(script: str) -> None:
    done = succeeded(call(script, "--help"))
    assert done.stderr == ""
    summary = str(SCRIPTS[script].__doc__).split(".")[0]
    assert " ".join(summary.split()) in " ".join(done.stdout.split())


def test_help_has_one_paragraph_per_field_and_begins_with_the_most_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A line of help ends early only before a word that does not fit, or at the end."""
    monkeypatch.setenv("COLUMNS", "120")
    out = call("train", "--help").stdout
    rows = [row.strip("│| ") for row in out.splitlines()]
    names = [row.split()[0].rstrip(",") for row in rows if re.match("--[a-z]", row)]
    assert names[:6] == ["--env", "--obs", "--preset", "--steps", "--seed", "--resume"]
    text = "Atari games have frame_skip in its place."
    assert text in " ".join(rows) and not any(row.endswith("Atari games have") for row in rows)
    assert "--env.id" not in names and "--env.obs" not in names
