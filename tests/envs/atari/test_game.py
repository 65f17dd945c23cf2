"""One Atari game, frame by frame, against Gymnasium's wrapper and against a naive player."""

from itertools import pairwise
from typing import Any

import ale_py
import cv2
import gymnasium as gym
import numpy as np
import pytest
from ale_py import roms
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import AtariPreprocessing

from envs.atari.game import WAIT_FOR_FIRE, AtariGame, ale_seeds
from envs.config import ConfigError, EnvConfig
from envs.vector import SerialVectorEnv

GAMES = {
    "pong": "Pong",
    "breakout": "Breakout",
    "ms_pacman": "MsPacman",
    "seaquest": "Seaquest",
    "freeway": "Freeway",
    "space_invaders": "SpaceInvaders",
    "qbert": "Qbert",
}


def seed_with_the_same_emulator() -> int:
    """A seed whose emulator word is not negative as Gymnasium reads it, so that both draw alike."""
    return next(s for s in range(100) if np.random.SeedSequence(s).generate_state(2)[1] < 2**31)


@pytest.mark.parametrize(
    ("game", "repeat_action_probability"),
    [*((game, 0.25) for game in GAMES), ("breakout", 0.0), ("qbert", 0.0)],
)
def test_frames_equal_gymnasiums_wrapper(game: str, repeat_action_probability: float) -> None:
    """400 steps and every new game on the way; only images of a game's end are not compared."""
    raw = gym.make(
        f"ALE/{GAMES[game]}-v5", frameskip=1, repeat_action_probability=repeat_action_probability
    )
    theirs: Any = AtariPreprocessing(raw, noop_max=30, frame_skip=4, screen_size=84)
    ours = AtariGame(game, EnvConfig(repeat_action_probability=repeat_action_probability, noop_max=30))
    assert ours.action_space.n == theirs.action_space.n
    seed = seed_with_the_same_emulator()
    generator = np.random.default_rng(0)
    left, right = ours.reset(seed=seed)[0], theirs.reset(seed=seed)[0]
    for step in range(400):
        assert np.array_equal(left, right), step
        action = int(generator.integers(ours.action_space.n))
        left, *ours_rest, ours_info = ours.step(action)
        right, *theirs_rest, theirs_info = theirs.step(action)
        assert ours_rest == theirs_rest, step
        assert ours_info["lives"] == theirs_info["lives"]
        if ours_rest[1]:
            left, right = ours.reset()[0], theirs.reset()[0]


def naive_frames(game: str, seed: int, actions: list[int], skip: int = 4) -> list[Any]:
    """Observations computed from a list of all raw frames, up to the end of the game."""
    ale = ale_py.ALEInterface()
    ale.setLoggerMode(ale_py.LoggerMode.Error)
    ale.setFloat("repeat_action_probability", 0.0)
    ale.setInt("random_seed", ale_seeds(seed)[1])
    ale.loadROM(roms.get_rom_path(game))
    ale.reset_game()
    seen = []
    for action in actions:
        raw: list[Any] = []
        while len(raw) < skip and not ale.game_over():
            ale.act(ale.getMinimalActionSet()[action])
            raw.append(ale.getScreenGrayscale())
        newest = np.maximum(*raw[-2:]) if len(raw) == skip else raw[-1]
        seen.append(cv2.resize(newest, (84, 84), interpolation=cv2.INTER_AREA))
        if ale.game_over():
            break
    return seen


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("game", ["breakout", "qbert"])
def test_a_game_that_ends_inside_a_skip_shows_its_true_last_frame(game: str, seed: int) -> None:
    env = AtariGame(game, EnvConfig())
    env.reset(seed=seed)
    generator = np.random.default_rng(seed)
    actions, images, terminated = [], [], False
    while not terminated:
        actions.append(int(generator.integers(env.action_space.n)))
        image, _, terminated, _, _ = env.step(actions[-1])
        images.append(image)
    expected = naive_frames(game, seed, actions)
    assert len(expected) == len(images)
    assert all(np.array_equal(*pair) for pair in zip(expected, images, strict=True))


def ball_height(env: AtariGame) -> int:
    """RAM 101 of Breakout: 0 while no ball flies (Anand et al. 2019, arXiv:1906.08226, annotations)."""
    return int(env.ale.getRAM()[101])


def test_fire_starts_the_game_and_starts_it_again_after_a_lost_life() -> None:
    """In Breakout no ball appears until FIRE is pressed; a player that waits sees five, one per life."""
    waiting, firing = AtariGame("breakout", EnvConfig()), AtariGame("breakout", EnvConfig(fire=True))
    waiting.reset(seed=0)
    assert all(waiting.step(0)[4]["lives"] == 5 and ball_height(waiting) == 0 for _ in range(100))
    firing.reset(seed=0)
    lives, balls = [5], set()
    for _ in range(400):
        _, _, terminated, _, info = firing.step(0)
        lives.append(info["lives"])
        if ball_height(firing):
            balls.add(info["lives"])
        if terminated:
            break
    assert terminated and balls == {5, 4, 3, 2, 1}
    assert {before - after for before, after in pairwise(lives)} == {0, 1}


def test_fire_replaces_the_first_action_of_a_life_and_no_other() -> None:
    """Until then every action is FIRE; from then on each is itself."""
    firing, plain = AtariGame("breakout", EnvConfig(fire=True)), AtariGame("breakout", EnvConfig())
    actions = plain.ale.getMinimalActionSet()
    fire, right = actions.index(ale_py.Action.FIRE), actions.index(ale_py.Action.RIGHT)
    firing.reset(seed=0)
    plain.reset(seed=0)
    lives, presses, pressed = 5, 0, True
    for _ in range(400):
        presses += pressed
        step, expected = firing.step(right), plain.step(fire if pressed else right)
        assert np.array_equal(step[0], expected[0]) and step[1:] == expected[1:]
        pressed, lives = step[4]["lives"] < lives, step[4]["lives"]
        if step[2]:
            break
    assert presses == 5 and step[2]


def test_fire_reaches_a_sticky_emulator() -> None:
    """One frame of FIRE is lost in a quarter of the cases; four in one of 256."""
    env = AtariGame("breakout", EnvConfig(fire=True, repeat_action_probability=0.25))
    started = [env.reset(seed=seed) and env.step(0) and ball_height(env) > 0 for seed in range(20)]
    assert all(started)


@pytest.mark.slow
def test_only_three_games_wait_for_fire() -> None:
    """600 steps of other buttons: no reward, no lost life, no end; after FIRE there is."""
    waiting = set()
    for game in set(roms.get_all_rom_ids()) - {"combat", "joust", "maze_craze", "warlords"}:
        env = AtariGame(game, EnvConfig())
        has_fire = ale_py.Action.FIRE in env.ale.getMinimalActionSet()
        if has_fire and not lively(env, fire_first=False) and lively(env, fire_first=True):
            waiting.add(game)
    assert waiting == WAIT_FOR_FIRE


def lively(env: AtariGame, *, fire_first: bool) -> bool:
    """Whether anything happens in one of two games without FIRE, except perhaps at the start."""
    actions = env.ale.getMinimalActionSet()
    quiet = [i for i, action in enumerate(actions) if "FIRE" not in action.name]
    for seed in range(2):
        generator, lives = np.random.default_rng(seed), env.reset(seed=seed)[1]["lives"]
        if fire_first:
            env.step(actions.index(ale_py.Action.FIRE))
        for action in generator.choice(quiet, size=600):
            _, reward, terminated, _, info = env.step(action)
            if reward or terminated or info["lives"] < lives:
                return True
    return False


def test_the_frame_cap_is_a_truncation() -> None:
    """100 frames of 4 each: 25 steps."""
    env = AtariGame("pong", EnvConfig(max_frames=100))
    env.reset(seed=0)
    ends = [env.step(0)[2:4] for _ in range(25)]
    assert ends == [(False, False)] * 24 + [(False, True)]


def test_a_lost_life_ends_the_value_and_not_the_game() -> None:
    env = AtariGame("breakout", EnvConfig(fire=True))
    vector = SerialVectorEnv([env], [0], zero_discount_on_life_loss=True)
    vector.reset()
    ends = []
    for _ in range(400):
        before = env.ale.lives()
        frame = env.ale.getEpisodeFrameNumber()
        step = vector.step(np.array([0]))
        ends.append((bool(step.terminated[0]), bool(step.last[0])))
        if step.last[0]:
            break
        assert step.terminated[0] == (env.ale.lives() < before)
        assert env.ale.getEpisodeFrameNumber() > frame
        assert np.array_equal(step.observation, step.next_observation)
    assert ends.count((True, False)) == 4 and ends[-1] == (True, True)


@pytest.mark.parametrize("game", ["pong", "breakout", "seaquest"])
def test_a_saved_game_resumes_exactly(game: str) -> None:
    """Sticky actions too: the emulator's generator is part of what is saved."""
    first, second = (
        AtariGame(game, EnvConfig(repeat_action_probability=0.25, fire=True, noop_max=10)) for _ in range(2)
    )
    first.reset(seed=3)
    generator = np.random.default_rng(1)
    actions = generator.integers(first.action_space.n, size=300)
    for action in actions[:100]:
        first.step(action)
    second.reset(seed=4)
    second.load_state_dict(first.state_dict())
    second.np_random.bit_generator.state = first.np_random.bit_generator.state
    for action in actions[100:]:
        (*left, _), (*right, _) = first.step(action), second.step(action)
        assert np.array_equal(left[0], right[0]) and left[1:] == right[1:]
        if left[2]:
            assert np.array_equal(first.reset()[0], second.reset()[0])


def test_it_is_a_gymnasium_environment() -> None:
    check_env(AtariGame("pong", EnvConfig()), skip_render_check=True)


def test_the_full_action_set_has_18_actions() -> None:
    assert AtariGame("pong", EnvConfig()).action_space.n == 6
    assert AtariGame("pong", EnvConfig(full_action_space=True)).action_space.n == 18


def test_modes_and_difficulties_are_kept_over_games_and_checked() -> None:
    env = AtariGame("breakout", EnvConfig(mode=4, difficulty=1))
    assert not np.array_equal(env.reset(seed=0)[0], AtariGame("breakout", EnvConfig()).reset(seed=0)[0])
    with pytest.raises(ConfigError, match=r"--env.mode 7: pong offers 0, 1; choose one"):
        AtariGame("pong", EnvConfig(mode=7))
    with pytest.raises(ConfigError, match=r"--env.difficulty 9: pong offers 0, 1, 2, 3"):
        AtariGame("pong", EnvConfig(difficulty=9))


def test_an_unknown_game_is_refused_with_the_closest_names() -> None:
    with pytest.raises(ConfigError, match=r"breakot is no Atari game; did you mean breakout"):
        AtariGame("breakot", EnvConfig())
