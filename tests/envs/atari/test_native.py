"""ale-py's threads behind the façade, against the Python back-end."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare

from envs.atari.native import NativeAtariEnv
from envs.atari.scores import SCORES
from envs.config import ConfigError, EnvConfig
from envs.factory import make_vector_env
from envs.families import human_normalised
from envs.protocols import PROTOCOLS, protocol_fields
from envs.registry import resolve_id

SEEDS = [5, 6, 7]


def atari(game: str = "Pong", **settings: Any) -> EnvConfig:
    return EnvConfig(id=f"ALE/{game}-v5", **settings)


@pytest.mark.parametrize(
    ("game", "settings"),
    [
        ("Pong", {"fire": True}),
        ("Breakout", {"zero_discount_on_life_loss": True, "repeat_action_probability": 0.25}),
        ("Breakout", {"fire": True, "zero_discount_on_life_loss": True}),
        ("Breakout", {"fire": True, "repeat_action_probability": 0.25, "full_action_space": True}),
        ("MsPacman", {"zero_discount_on_life_loss": True}),
        ("Freeway", {"repeat_action_probability": 0.25, "full_action_space": True}),
        ("Qbert", {"zero_discount_on_life_loss": True, "size": (42, 42), "frame_skip": 3}),
        ("SpaceInvaders", {"frame_stack": 2}),
    ],
)
def test_the_native_back_end_equals_the_python_one(game: str, settings: dict[str, Any]) -> None:
    """Frames, rewards, ends and lost lives of 3 games over 500 steps; only a game's last frame differs."""
    config = atari(game, num_envs=3, **settings)
    native = make_vector_env(replace(config, backend="native"), SEEDS)
    python = make_vector_env(replace(config, backend="python"), SEEDS)
    assert isinstance(native, NativeAtariEnv)
    assert native.num_actions == python.num_actions and native.observation_shape == python.observation_shape
    assert np.array_equal(native.reset(), python.reset())
    generator = np.random.default_rng(0)
    for t in range(500):
        action = generator.integers(python.num_actions, size=3)
        left, right = native.step(action), python.step(action)
        for name in ("reward", "terminated", "last", "observation"):
            assert np.array_equal(getattr(left, name), getattr(right, name)), (t, name)
        goes_on = ~right.last
        assert np.array_equal(left.next_observation[goes_on], right.next_observation[goes_on])
        # The newest image of a game that ended may be stale there; those before it are not.
        assert np.array_equal(left.next_observation[:, :-1], right.next_observation[:, :-1])


@pytest.mark.parametrize("repeat_action_probability", [0.0, 0.25])
def test_a_native_game_cut_at_the_frame_cap_shows_its_true_last_image(
    repeat_action_probability: float,
) -> None:
    """100 frames of 4: all of a step equals the Python back-end's, next_observation of the cut too."""
    config = atari("Breakout", max_frames=100, repeat_action_probability=repeat_action_probability)
    native, python = (make_vector_env(replace(config, backend=b), SEEDS) for b in ("native", "python"))
    assert np.array_equal(native.reset(), python.reset())
    generator, lasts = np.random.default_rng(0), []
    for t in range(110):
        action = generator.integers(python.num_actions, size=3)
        left, right = native.step(action), python.step(action)
        for name in left._fields:
            assert np.array_equal(getattr(left, name), getattr(right, name)), (t, name)
        lasts.append((left.last.tolist(), left.terminated.tolist()))
    ends = [t for t, end in enumerate(lasts) if end != ([False] * 3, [False] * 3)]
    assert ends == [24, 49, 74, 99]
    assert all(lasts[t] == ([True] * 3, [False] * 3) for t in ends)


def test_a_native_game_is_cut_at_the_end_of_the_step_of_the_cap() -> None:
    """No-ops count; a cap of 101 frames falls in a step, which is played to its end."""
    env = make_vector_env(atari(max_frames=101, noop_max=5), [0, 1])
    assert isinstance(env, NativeAtariEnv)
    env.reset()
    lengths: list[int] = []
    counts = np.zeros(2, np.int64)
    for _ in range(400):
        last = env.step(np.array([0, 0])).last
        counts += 1
        lengths += counts[last].tolist()
        counts[last] = 0
    assert set(lengths) == {24, 25}  # (101 - 5) / 4 and (101 - 1) / 4


def noops(env: NativeAtariEnv, steps: int) -> list[int]:
    """Play at random; return the number of frames at the start of every game."""
    counts: list[int] = []
    begin, generator = env._begin, np.random.default_rng(0)

    def counting(ended: Any, newest: Any, info: Any) -> Any:
        started = ended | (info["episode_frame_number"] <= env._noop_max)
        newest, info = begin(ended, newest, info)
        counts.extend(info["episode_frame_number"][started].tolist())
        return newest, info

    env._begin = counting  # type: ignore[method-assign]
    env.reset()
    for _ in range(steps):
        env.step(generator.integers(env.num_actions, size=env.num_envs))
    return counts


def test_native_games_start_with_1_to_noop_max_no_ops() -> None:
    """As the protocols say; ale-py alone would draw 0 to 2. Each game is one step long."""
    env = make_vector_env(atari(max_frames=4, noop_max=3, backend="native"), list(range(10)))
    assert isinstance(env, NativeAtariEnv)
    counts = np.bincount(noops(env, steps=60), minlength=4)
    assert counts.sum() == 610 and counts[0] == 0 and len(counts) == 4
    assert chisquare(counts[1:]).pvalue > 0.01


def test_native_games_start_with_a_no_op_where_one_has_ended_by_itself() -> None:
    """Klax ends within 500 frames of random play; with a maximum of 1 there is always one."""
    env = make_vector_env(atari("Klax", noop_max=1, backend="native"), list(range(10)))
    assert isinstance(env, NativeAtariEnv)
    counts = noops(env, steps=250)
    assert len(counts) >= 20 and set(counts) == {1}


def test_native_games_restart_when_a_run_is_resumed() -> None:
    first, second = (
        make_vector_env(atari(repeat_action_probability=0.25, noop_max=30), SEEDS) for _ in range(2)
    )
    assert not first.exact
    first.reset()
    state = first.state_dict()
    assert np.array_equal(first.load_state_dict(state), second.load_state_dict(state))


def test_the_native_back_end_is_used_where_it_can_be() -> None:
    assert isinstance(make_vector_env(atari("Breakout", fire=True), [0]), NativeAtariEnv)
    assert not isinstance(make_vector_env(atari("Pong", mode=1), [0]), NativeAtariEnv)
    with pytest.raises(ConfigError, match="first mode and difficulty only; use auto"):
        make_vector_env(atari("Pong", mode=1, backend="native"), [0])


@pytest.mark.parametrize(
    ("name", "env_id"),
    [
        ("pong", "ALE/Pong-v5"),
        ("MsPacman", "ALE/MsPacman-v5"),
        ("ms_pacman", "ALE/MsPacman-v5"),
        ("ALE/Pong-v5", "ALE/Pong-v5"),
        ("CartPole-v1", "CartPole-v1"),
    ],
)
def test_games_have_short_names(name: str, env_id: str) -> None:
    assert resolve_id(name) == env_id


@pytest.mark.slow
def test_every_game_of_the_emulator_can_be_made() -> None:
    """Its ROMs come with it; four have no single-player version."""
    import gymnasium as gym

    games = [env_id for env_id in gym.registry if env_id.startswith("ALE/")]
    assert len(games) >= 100
    for env_id in games:
        env = make_vector_env(EnvConfig(id=env_id, backend="python"), [0])
        assert env.reset().shape == (1, 4, 84, 84)
        env.step(np.zeros(1, np.int64))
        env.close()


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (atari(obs="state", backend="native"), "shows the screen and not the RAM; use auto"),
        (atari(crop=(0, 10, 0, 10)), "--env.crop is not for Atari"),
        (
            EnvConfig(id="CartPole-v1", repeat_action_probability=0.25),
            "--env.repeat-action-probability is for Atari games",
        ),
        (EnvConfig(id="PongNoFrameskip-v4"), "is an old name; use ALE/Pong-v5"),
        (atari("Pongg"), "did you mean ALE/Pong-v5"),
    ],
)
def test_impossible_settings_are_refused(config: EnvConfig, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        make_vector_env(config, [0])


def test_a_probability_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"--env\.repeat-action-probability is 1\.5"):
        EnvConfig(repeat_action_probability=1.5)


def test_a_game_that_no_ops_alone_would_truncate_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"--env\.max-frames is 30; give more than --env\.noop-max \(30\)"
    ):
        EnvConfig(noop_max=30, max_frames=30)


def test_protocols_fix_fields_that_exist() -> None:
    for name, protocol in PROTOCOLS.items():
        EnvConfig(protocol=name, **protocol.env)  # type: ignore[arg-type]
        assert {"returns.clip_reward", "evaluation.epsilon"} < protocol_fields(name).keys()
    assert protocol_fields("none") == {}


def test_scores_of_57_games_are_known_by_their_rom_names() -> None:
    from ale_py import roms

    assert len(SCORES) == 57 and set(SCORES) <= set(roms.get_all_rom_ids())
    assert human_normalised("ALE/Breakout-v5", 1.7) == 0.0
    assert human_normalised("ALE/Pong-v5", (14.6 - 20.7) / 2) == pytest.approx(0.5)
