"""Environment families: one answer for an id, descriptions, and a family with colour images of its own."""

import ast
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import envs.families
from agents.acting.image_check import check_image
from agents.build import build_trainer
from agents.config import with_fields
from agents.config.presets import preset_config
from agents.runs.folder import RunFolder
from envs.atari.scores import SCORES
from envs.config import EnvConfig
from envs.factory import make_env, make_vector_env
from envs.families import FAMILIES, family_of, is_atari, reference_scores
from envs.families.family import Family
from envs.spec import describe

ROOT = Path(__file__).parents[2]
TILES = "TestTiles-v0"


@pytest.mark.parametrize(
    ("env_id", "name"),
    [
        ("CartPole-v1", "cartpole"),
        ("CartPole-v0", "cartpole"),
        ("mine:CartPole-v1", "gymnasium"),
        ("phys2d/CartPole-v1", "gymnasium"),
        ("CartPoleSwingUp-v0", "gymnasium"),
        ("ALE/Pong-v5", "atari"),
        ("mine:ALE/Pong-v5", "atari"),
        ("PongNoFrameskip-v4", "gymnasium"),
        ("Acrobot-v1", "acrobot"),
        ("MountainCar-v0", "mountain-car"),
        ("MountainCarContinuous-v0", "gymnasium"),
        ("LunarLander-v3", "lunar-lander"),
        ("FrozenLake-v1", "gymnasium"),
    ],
)
def test_every_id_has_one_family(env_id: str, name: str) -> None:
    assert family_of(env_id).name == name
    assert is_atari(env_id) == (name == "atari")


def test_families_are_known_without_gymnasium_torch_or_an_emulator() -> None:
    heavy = "{'gymnasium', 'torch', 'ale_py', 'cv2', 'pygame'}"
    code = (
        f"import sys, agents.config.presets, agents.analysis.comparison; print({heavy} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.stdout.strip() == "set()", done.stderr


def test_every_published_score_belongs_to_one_registered_game() -> None:
    games = [env_id for env_id in gym.registry if env_id.startswith("ALE/")]
    scored = {gym.spec(env_id).kwargs["game"]: reference_scores(env_id) for env_id in games}
    assert {rom: score for rom, score in scored.items() if score} == dict(SCORES)
    assert reference_scores("CartPole-v1") is None


def test_no_private_name_of_another_object_is_used() -> None:
    private = []
    for path in (ROOT / "envs").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and node.attr[1:2] != "_":
                owner = node.value.id if isinstance(node.value, ast.Name) else "?"
                private += [] if owner == "self" else [(path.name, node.lineno, node.attr)]
    assert not private


@pytest.mark.parametrize(
    "config",
    [
        EnvConfig(id="CartPole-v1", obs="state"),
        EnvConfig(id="CartPole-v1", crop=(160, 320, 0, 600), size=(16, 60), frame_stack=2),
        EnvConfig(id="Acrobot-v1", size=(30, 40)),
        EnvConfig(id="FrozenLake-v1", obs="state"),
        EnvConfig(id="ALE/Pong-v5", full_action_space=True),
        EnvConfig(id="ALE/Breakout-v5", backend="python", frame_stack=1),
        EnvConfig(id="ALE/Breakout-v5", obs="state"),
        EnvConfig(id="CartPole-v1", obs="state", state_stack=3),
    ],
)
def test_a_description_equals_the_environment_it_describes(config: EnvConfig) -> None:
    spec, env = describe(config), make_vector_env(config, [0])
    assert (spec.observation_shape, spec.num_actions) == (env.observation_shape, env.num_actions)
    assert spec.dtype == env.dtype == env.reset().dtype
    assert len(spec.action_names) == spec.num_actions
    assert spec.frame_stack == config.stack
    assert spec.frame_shape[0] * spec.frame_stack == spec.observation_shape[0]
    assert len(spec.variable_names) == (spec.observation_shape[0] if config.obs == "state" else 0)
    env.close()


def test_a_description_makes_one_environment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    makes: list[EnvConfig] = []

    def counting(config: EnvConfig) -> Any:
        makes.append(config)
        return make_env(config)

    monkeypatch.setattr("envs.spec.make_env", counting)
    configs = [EnvConfig(obs="state", num_envs=count) for count in (31, 31, 32)]
    first, second, third = (describe(config) for config in configs)
    assert first is second and first == third
    assert makes == [configs[0], configs[2]]


def test_names_come_from_the_family_or_the_game() -> None:
    cartpole = describe(EnvConfig(obs="state"))
    assert cartpole.action_names == ("left", "right")
    assert cartpole.variable_names[2] == "pole angle"
    two = describe(EnvConfig(obs="state", state_stack=2)).variable_names
    assert (two[2], two[6]) == ("pole angle 1 steps before", "pole angle")
    assert describe(EnvConfig(id="ALE/Breakout-v5")).action_names == ("NOOP", "FIRE", "RIGHT", "LEFT")


def test_time_limits_are_registered_or_the_familys() -> None:
    assert describe(EnvConfig(obs="state")).has_time_limit
    assert describe(EnvConfig(id="ALE/Pong-v5")).has_time_limit


class Tiles(gym.Env[np.ndarray[Any, Any], int]):
    """Observes a colour image of its own, `[20, 30, 3]`, each plane with another value; renders nothing."""

    observation_space = gym.spaces.Box(0, 255, (20, 30, 3), np.uint8)
    action_space = gym.spaces.Discrete(3)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.count = 0
        return self.image(), {}

    def step(self, action: int) -> Any:
        self.count += 1
        return self.image(), float(action == 1), bool(self.np_random.random() < 0.1), False, {}

    def image(self) -> Any:
        image = np.zeros((20, 30, 3), np.uint8)
        image[:] = np.array([10, 90, 170]) + self.count % 60
        image[0, 0] = 0
        return image


@pytest.fixture
def tiles(monkeypatch: pytest.MonkeyPatch) -> Any:
    gym.register(TILES, Tiles, max_episode_steps=50)
    family = Family(name="tiles", pattern="TestTiles-", images="envs.wrappers:own_images")
    monkeypatch.setattr(envs.families, "FAMILIES", (family, *FAMILIES))
    yield TILES
    del gym.registry[TILES]


def test_own_colour_images_are_stacked_plane_by_plane(tiles: str) -> None:
    config = EnvConfig(id=tiles, size=(20, 30), frame_stack=2)
    check_image(config, 0)
    env = make_vector_env(config, [3])
    assert env.observation_shape == (6, 20, 30)
    assert env.reset()[0, :, 5, 5].tolist() == [10, 90, 170, 10, 90, 170]
    step = env.step(np.array([0]))
    assert step.next_observation[0, :, 5, 5].tolist() == [10, 90, 170, 11, 91, 171]


def test_own_images_are_cropped_and_resized(tiles: str) -> None:
    spec = describe(EnvConfig(id=tiles, crop=(2, 18, 4, 28), size=(8, 12), frame_stack=4))
    assert (spec.observation_shape, spec.frame_shape) == ((12, 8, 12), (3, 8, 12))


@pytest.mark.parametrize("frame_stack", [1, 3])
def test_an_agent_trains_on_own_colour_images(tiles: str, frame_stack: int, tmp_path: Path) -> None:
    fields = {
        "env.size": (20, 30),
        "env.frame_stack": frame_stack,
        "env.num_envs": 2,
        "network.torso": "small",
        "schedule.learning_starts": 50,
        "learning.batch_size": 8,
        "memory.capacity": 300,
        "evaluation.every": 100,
        "evaluation.episodes": 2,
        "evaluation.video_frames": 5,
        "evaluation.probe_samples": 72,
        "steps": 200,
        "threads": 1,
    }
    config = with_fields(preset_config("fast", tiles, "pixels"), fields)
    with closing(RunFolder(tmp_path / "run", config, resume=False)) as folder:
        trainer = build_trainer(config, folder)
        trainer.run(lambda: False)
    batch = trainer.memory.sample(16, 1.0)
    planes = batch.observation[:, :, 5, 5].numpy().astype(int).reshape(16, frame_stack, 3)
    assert batch.observation.shape == (16, 3 * frame_stack, 20, 30)
    assert (np.diff(planes, axis=2) == 80).all()
    assert (np.diff(planes, axis=1) <= 1).all()
