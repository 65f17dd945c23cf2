"""Environments of other modules by name, and observations other than vectors."""

import sys
from collections.abc import Callable
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

from agents.cli.train import Train, default_run_dir
from envs.config import ConfigError, EnvConfig
from envs.factory import make_vector_env
from envs.registry import find_spec, import_environments, resolve_id
from tests.command_line import Done, call, refused, run, succeeded

WALK = """
import gymnasium as gym
import numpy as np


class Walk(gym.Env):
    metadata = {"render_modes": ["rgb_array"]}
    observation_space = gym.spaces.Box(0, 1, (2, 5), np.float64)
    action_space = gym.spaces.Discrete(2)

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = 2
        return self.observe(), {}

    def step(self, action):
        self.at = min(max(self.at + 2 * action - 1, 0), 4)
        return self.observe(), float(self.at == 4), self.at == 4, False, {}

    def observe(self):
        return np.stack([np.eye(5)[self.at], np.arange(5) / 4])

    def render(self):
        return np.kron(np.eye(5)[self.at], np.full((40, 20), 255))[..., None].repeat(3, 2).astype(np.uint8)


gym.register("%s-v0", Walk, max_episode_steps=20)
"""
WORDS = ["--steps", "80", "--evaluation.every", "80", "--evaluation.episodes", "2"]
WORDS += ["--evaluation.solved-episodes", "2", "--threads", "1"]


@pytest.fixture
def walk(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of a module in the current folder that registers an environment; new for each test."""
    name = "walk_" + str(abs(hash(request.node.name)))
    (tmp_path / f"{name}.py").write_text(WALK % name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return name


def test_an_environment_of_a_module_is_found_once_the_user_names_it(walk: str) -> None:
    config = Train.parse(["--env", f"{walk}:{walk}-v0", "--obs", "state"]).config
    assert config.env.id == f"{walk}:{walk}-v0"
    assert find_spec(config.env.id).max_episode_steps == 20
    assert make_vector_env(config.env, [0]).observation_shape == (10,)


def test_a_module_is_not_imported_for_a_name_that_no_user_gave(walk: str) -> None:
    """As from the config.json of a stranger's run."""
    with pytest.raises(ConfigError, match=rf"add --env {walk}:{walk}-v0 to train.py, or --module {walk}"):
        make_vector_env(EnvConfig(id=f"{walk}:{walk}-v0", obs="state"), [0])
    assert walk not in sys.modules


def test_the_folder_of_such_a_run_has_no_colon(walk: str) -> None:
    config = Train.parse(["--env", f"{walk}:{walk}-v0"]).config
    assert default_run_dir(config) == Path("runs") / f"{walk}-{walk}-v0" / "fast-pixels" / "seed1"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import no_such_package_anywhere", "needs no_such_package_anywhere"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def", "SyntaxError"),
    ],
)
def test_a_module_that_fails_is_refused_with_its_reason(walk: str, code: str, sentence: str) -> None:
    Path(f"{walk}.py").write_text(code)
    with pytest.raises(ConfigError, match=sentence):
        import_environments(walk)


def test_a_module_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="There is no module no_such_module"):
        Train.parse(["--env", "no_such_module:Walk-v0"])


@pytest.mark.parametrize("module", ["json.no_such_part", "json.tool.no_such_part", "no_such.part"])
def test_a_part_of_a_package_that_is_not_there_is_refused(module: str) -> None:
    """With and without the package; `json.tool` is a module, which has no parts."""
    file = f"{module.replace('.', '/')}.py"
    with pytest.raises(ConfigError, match=f"There is no module {module}; .*folder that {file} lies in"):
        Train.parse(["--env", f"{module}:Walk-v0"])


def test_an_environment_of_a_part_of_a_package_is_found(walk: str) -> None:
    Path("packed").mkdir(exist_ok=True)
    Path(f"{walk}.py").rename(f"packed/{walk}.py")
    config = Train.parse(["--env", f"packed.{walk}:{walk}-v0", "--obs", "state"]).config
    assert config.env.id == f"packed.{walk}:{walk}-v0"
    assert make_vector_env(config.env, [0]).observation_shape == (10,)


def test_a_game_is_the_same_whether_its_module_is_named_or_not() -> None:
    named, plain = (Train.parse(["--env", name]) for name in ("ale_py:ALE/Pong-v5", "ALE/Pong-v5"))
    assert named == plain


def test_a_name_that_the_module_does_not_register_is_refused_with_the_nearest(walk: str) -> None:
    import_environments(walk)
    with pytest.raises(ConfigError, match=f"is not registered by {walk}; did you mean {walk}-v0"):
        find_spec(f"{walk}:{walk}x-v0")


def test_a_name_with_a_module_is_no_atari_game() -> None:
    assert resolve_id("mine:Pong") == "mine:Pong"


@pytest.mark.parametrize(("obs", "evaluate"), [("state", call), ("pixels", run)])
def test_such_a_run_is_trained_resumed_evaluated_recorded_and_compared(
    obs: str, evaluate: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This process forgets the module before each call; from pixels, a new one evaluates."""
    (tmp_path / "walk_env.py").write_text(WALK % "Walk")
    name, words = "walk_env:Walk-v0", ["--obs", obs, *WORDS]
    path = list(sys.path)

    def done(script: str, *words: str) -> Done:
        monkeypatch.setattr(sys, "path", list(path))
        sys.modules.pop("walk_env", None)
        gym.registry.pop("Walk-v0", None)
        return (evaluate if script == "evaluate" else call)(script, *words, cwd=tmp_path)

    output = succeeded(done("train", "--env", name, "--run-dir", "run", *words)).stdout
    assert "record.py run --out episode.html --module walk_env" in output
    refused(done("train", "--run-dir", "run", "--resume", "--steps", "160"), f"--env {name}")
    succeeded(done("train", "--env", name, "--run-dir", "run", "--resume", "--steps", "160"))
    refused(done("evaluate", "run"), "--module walk_env")
    output = succeeded(done("evaluate", "run", "--episodes", "2", "--module", "walk_env")).stdout
    assert "mean" in output
    succeeded(done("record", "run", "--out", "play.gif", "--max-frames", "3", "--module", "walk_env"))
    output = succeeded(done("compare", "run", "--out", "page.html", "--module", "walk_env")).stdout
    assert name in output


class AnyObservation(gym.Env[object, int]):
    """An environment with observations other than vectors."""

    action_space = gym.spaces.Discrete(2)

    def __init__(self, space: gym.Space[object]) -> None:
        self.observation_space = space

    def reset(self, **_: object) -> tuple[object, dict[str, object]]:  # type: ignore[override]
        return self.observation_space.sample(), {}


BOX = gym.spaces.Box(0, 255, (7, 7, 3), np.uint8)
gym.register("OddImage-v0", lambda: AnyObservation(BOX))
gym.register("OddDict-v0", lambda: AnyObservation(gym.spaces.Dict(view=BOX, facing=gym.spaces.Discrete(4))))
gym.register("OddSequence-v0", lambda: AnyObservation(gym.spaces.Sequence(gym.spaces.Discrete(4))))
gym.register("OddText-v0", lambda: AnyObservation(gym.spaces.Dict(view=BOX, mission=gym.Space[object](()))))


@pytest.mark.parametrize(("name", "size"), [("OddImage-v0", 147), ("OddDict-v0", 151)])
def test_images_and_dictionaries_are_flattened(name: str, size: int) -> None:
    """7 x 7 x 3 numbers, and one for each of 4 directions."""
    env = make_vector_env(EnvConfig(id=name, obs="state"), [0])
    observation = env.reset()
    assert observation.shape == (1, size) and observation.dtype == np.float32
    assert observation.max() > 1


@pytest.mark.parametrize("name", ["OddSequence-v0", "OddText-v0"])
def test_an_observation_that_cannot_be_flattened_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be made a vector; use --obs pixels"):
        make_vector_env(EnvConfig(id=name, obs="state"), [0])
