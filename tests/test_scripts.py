"""The scripts as a user meets them: help, good input, bad input."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from agents.cli.train import Train
from agents.config import ConfigError
from agents.recording.layout import MARGIN
from tests.command_line import ROOT, call, refused, run, succeeded
from tests.small_runs import OPTIONS


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run of each kind, in `state` and `pixels`."""
    folder = tmp_path_factory.mktemp("runs")
    for obs in ("state", "pixels"):
        words = ["--obs", obs, "--run-dir", obs, "--steps", "300", *OPTIONS]
        succeeded(call("train", *words, cwd=folder))
    return folder


@pytest.mark.parametrize(
    "script", ["train", "evaluate", "record", "compare", "sweep", "verify", "benchmark"]
)
def test_help_reads_well(script: str, tmp_path: Path) -> None:
    done = succeeded(run(script, "--help", cwd=tmp_path))
    first = done.stdout.splitlines()[0]
    assert first.startswith("usage: ") and f"{script}.py [-h]" in first
    assert done.stderr == ""


def test_help_lists_every_preset_and_shows_the_chosen_ones_defaults(tmp_path: Path) -> None:
    text = call("train", "--preset", "chapter", "--help", cwd=tmp_path).stdout
    assert all(f"{name}: " in text for name in ("dqn", "chapter", "nature"))
    assert "(default: 10000)" in text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--env", "CartPol-v1"], "did you mean CartPole-v1"),
        (["--env", "Pendulum-v1", "--obs", "state"], "continuous actions"),
        (["--preset", "rainbows"], "choose one of fast"),
        (["--preset", "nature", "--obs", "state"], "is for --obs pixels only"),
        (["--obs", "sound"], "--obs sound: give pixels or state."),
        (["--memory.capacitty", "3"], "memory.capacitty"),
        (["--memory.capacity", "many"], "memory.capacity"),
        (["--memory.capacity", "10"], "smaller than --learning.batch-size"),
        (["--memory.capacity", "64", "--learning.batch-size", "8"], "too small"),
        (["--memory.capacity", "1000000000000"], "the largest that fits is"),
        (["--steps", "-5"], "give 1 or more"),
        (["--steps"], "--steps"),
        (["--device", "cuda"], "use --device cpu or auto"),
        (["--env.crop", "0", "500", "0", "600"], "does not fit CartPole's image"),
        (["--env.size", "2", "2"], "receptive field"),
        (["--network.torso", "mlp"], "reads state vectors"),
        (["--target.tau", "0"], "either copied or blended"),
        (["--env.crop", "0", "10", "0", "10", "--env.size", "10", "10"], "blank"),
        (["--seed", "-1"], "--seed is -1"),
        (["--env", "pongg"], "pongg is no Atari game; did you mean pong"),
        (["--env", "pong", "--env.mode", "9"], "pong offers 0, 1; choose one"),
        (["--env", "pong", "--env.size", "10", "10"], "receptive field of torso half"),
        (["--env", "pong", "--steps", "2000"], "end before the first rollout of 2048 steps"),
        (["--threads", "1000"], "--threads is 1000; this machine has"),
        (["--env", "pong", "--env.threads", "1000"], "--env.threads is 1000; this machine has"),
        (["--env.state-stack", "2"], "with --obs pixels no state vector is seen"),
        (["--env", "pong", "--obs", "state", "--network.torso", "half"], "choose mlp for a state vector"),
        (["--env", "pong", "--obs", "state", "--env.crop", "0", "9", "0", "9"], "no image is seen"),
        (["--env", "pong", "--obs", "state", "--env.backend", "native"], "not the RAM; use auto"),
        (["--env", "pong", "--obs", "state", "--preset", "drq-eps"], "is for --obs pixels only"),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    refused(call("train", *words, "--run-dir", "new", cwd=tmp_path), sentence)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--env.protocol", "machado", "--env.repeat-action-probability", "0"],
            "means --env.repeat-action-probability 0.25, not 0",
        ),
        (["--env.protocol", "nature", "--returns.no-clip-reward"], "means --returns.clip-reward"),
        (["--env", "CartPole-v1", "--env.protocol", "nature"], "is for Atari games; leave it out"),
        (["--env.protocol", "mnih"], "give none, nature, machado"),
        (["--env.protocol", "atari100k", "--steps", "200000"], "allows 100000 steps"),
        (["--env.repeat-action-probability", "2", "--env.protocol", "none"], "give 0 to 1"),
    ],
)
def test_what_contradicts_a_protocol_is_refused(words: list[str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Train.parse(["--env", "ALE/Pong-v5", *words])


def test_a_protocol_decides_what_is_left_open() -> None:
    config = Train.parse(["--env", "pong", "--env.protocol", "machado"]).config
    assert (
        config.env.full_action_space
        and config.env.repeat_action_probability == 0.25
        and not config.env.fire
    )
    assert (config.env.max_frames, config.evaluation.epsilon) == (18_000, 0.01)
    assert Train.parse(["--env", "pong", "--env.protocol", "atari100k"]).config.steps == 100_000


@pytest.mark.parametrize(("module", "package"), [("cv2", "opencv-python-headless"), ("ale_py", "ale-py")])
def test_a_broken_library_is_named_with_its_package(module: str, package: str, tmp_path: Path) -> None:
    (tmp_path / f"{module}.py").write_text(
        "raise ImportError('libGL.so.1: cannot open shared object file')"
    )
    code = "import sys; sys.path.insert(0, '.'); sys.argv = ['train.py']; import runpy; runpy.run_path"
    script = str(ROOT / "scripts" / "train.py")
    command = [sys.executable, "-c", f"{code}({script!r}, run_name='__main__')"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    refused(done, f"{package} is missing or broken")


def test_a_folder_that_holds_a_run_is_not_overwritten(runs: Path) -> None:
    before = (runs / "state" / "config.json").read_bytes()
    words = ["--obs", "state", "--run-dir", "state"]
    refused(call("train", *words, cwd=runs), "already holds a run")
    words += ["--resume", "--seed", "7"]
    refused(call("train", *words, cwd=runs), "other settings (--seed)")
    (runs / "other").mkdir(exist_ok=True)
    (runs / "other" / "letter.txt").write_text("mine")
    refused(call("train", "--run-dir", "other", cwd=runs), "holds no run")
    assert (runs / "state" / "config.json").read_bytes() == before


def test_a_finished_run_says_so_again(runs: Path) -> None:
    done = call("train", "--run-dir", "state", "--resume", cwd=runs)
    assert done.returncode == 0
    assert "CartPole-v1 from state" in done.stdout


@pytest.mark.parametrize("script", ["evaluate", "record"])
def test_a_path_that_is_no_run_is_refused(script: str, tmp_path: Path) -> None:
    more = ["--out", "play.mp4"] if script == "record" else []
    refused(call(script, "nowhere", *more, cwd=tmp_path), "holds no run")


def test_evaluate_prints_a_sentence_and_json(runs: Path) -> None:
    text = run("evaluate", "pixels", "--episodes", "3", cwd=runs).stdout
    assert "95 % interval" in text
    line = call("evaluate", "pixels", "--episodes", "3", "--json", cwd=runs).stdout
    values = json.loads(line)
    assert values["episodes"] == 3
    assert values["min"] <= values["mean"] <= values["max"]
    assert f"mean {values['mean']:.1f}" in text and "over 3 greedy episodes" in text
    text = call("evaluate", "pixels", "--episodes", "3", "--epsilon", "0.5", cwd=runs).stdout
    assert "over 3 episodes with ε 0.5" in text
    refused(call("evaluate", "pixels", "--epsilon", "2", cwd=runs), "--epsilon is 2.0; give 0 to 1")
    refused(call("evaluate", "pixels", "--episodes", "0", cwd=runs), "give 1 or more")


@pytest.mark.parametrize("name", ["play.mp4", "play.gif", "play.png", "play.html"])
def test_record_writes_an_episode(name: str, runs: Path, tmp_path: Path) -> None:
    out = tmp_path / name
    start = run if name == "play.mp4" else call
    succeeded(start("record", "pixels", "--out", str(out), "--max-frames", "8", cwd=runs))
    if name == "play.html":
        text = out.read_text()
        assert "data:video/mp4;base64," in text
        assert "http" not in text
        return
    if name == "play.png":
        assert cv2.imread(str(out)) is not None
        return
    video = cv2.VideoCapture(str(out))
    frames = 0
    while video.read()[0]:
        frames += 1
    assert frames == 8


def test_record_shows_the_agents_view_beside_the_screen(runs: Path, tmp_path: Path) -> None:
    widths = {}
    for obs in ("state", "pixels"):
        out = tmp_path / f"{obs}.png"
        words = (obs, "--out", str(out), "--max-frames", "1")
        assert call("record", *words, cwd=runs).returncode == 0
        image = cv2.imread(str(out))
        assert image is not None
        widths[obs] = image.shape[1]
    assert widths["state"] == 3 * (600 + 2 + 2 * MARGIN)  # the screen, its frame and the margins
    assert widths["pixels"] > widths["state"]


def test_record_refuses_what_it_cannot_write(runs: Path) -> None:
    refused(call("record", "state", "--out", "play.avi", cwd=runs), "ends in .mp4")
    refused(call("record", "state", "--out", "no/play.mp4", cwd=runs), "does not exist")
