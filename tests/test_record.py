"""Recording in the agent's view: the script as a user meets it, and the play for a report."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ale_py
import cv2
import gymnasium as gym
import numpy as np
import pytest

from agents.cli.arguments import RecordArguments
from agents.cli.parser import parse
from agents.config import ConfigError
from agents.recording.player import Play, recorded_play
from agents.recording.value_panels import FILL
from agents.recording.video import compose, count_frames, write_play
from envs.config import EnvConfig
from envs.spec import describe as describe_env
from tests.hostile import HOSTILE, harmless
from tests.small_runs import small, train, train_both
from tests.test_scripts import refused, run
from tests.toy import TOY


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run of CartPole from each observation, in `state` and `pixels`."""
    return train_both(tmp_path_factory.mktemp("runs"), 200)


@pytest.fixture
def own(runs: Path, tmp_path: Path) -> Path:
    """A run that a test may write into."""
    return Path(shutil.copytree(runs / "pixels", tmp_path / "run"))


def video(path: Path) -> Iterator[Any]:
    reader = cv2.VideoCapture(str(path))
    while True:
        there, frame = reader.read()
        if not there:
            return
        yield frame


@pytest.mark.parametrize("obs", ["state", "pixels"])
def test_record_writes_the_agents_view(obs: str, runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "play.mp4"
    words = (obs, "--view", "agent", "--out", str(out), "--max-frames", "6")
    done = run("record.py", *words, cwd=runs)
    assert done.returncode == 0, done.stderr
    assert str(out) in done.stdout
    frames = list(video(out))
    assert len(frames) == 6
    assert {frame.shape for frame in frames} == {(510, 1166, 3)}
    assert not np.array_equal(frames[0], frames[-1])


@pytest.mark.parametrize("name", ["play.gif", "play.html", "play.png"])
def test_the_agents_view_comes_in_every_format(name: str, runs: Path, tmp_path: Path) -> None:
    out, play = tmp_path / name, Play(runs / "pixels", 1, 0, 3)
    write_play(play.frames("agent"), out, fps=play.fps, title=play.title, caption=play.caption("agent"))
    if name == "play.html":
        assert "SmoothGrad" in out.read_text() and "data:video/mp4;base64," in out.read_text()
    else:
        image = next(video(out)) if name == "play.gif" else cv2.imread(str(out))
        assert image is not None
        assert image.shape[1] == (1166 if name == "play.gif" else 3 * 1166)


def test_without_view_the_screen_is_recorded(runs: Path) -> None:
    assert parse(RecordArguments, ["run", "--out", "play.mp4"]).view == "screen"
    play = Play(runs / "pixels", 1, 0, 3)
    shots = [shot for shot, _ in play._pass()]
    plain = [compose(shot.screen, shot.stack, shot.frame, 0) for shot in shots]
    assert all(np.array_equal(a, b) for a, b in zip(play.frames("screen"), plain, strict=True))
    assert next(play.frames("agent")).shape != plain[0].shape


def test_an_unknown_view_is_refused(runs: Path) -> None:
    refused(run("record.py", "state", "--out", "play.mp4", "--view", "both", cwd=runs), "view")


@pytest.mark.parametrize("obs", ["state", "pixels"])
def test_every_pass_over_a_play_is_the_same(obs: str, runs: Path) -> None:
    play = Play(runs / obs, 3, 5, 1_000)
    course = play.course()
    returns = list(play.returns)
    shots = [shot for shot, _ in play._pass()]
    assert play.returns == returns and len(returns) == 3
    assert np.array_equal(course.values, np.stack([shot.values for shot in shots]))
    assert [shot.at for shot in shots] == list(range(len(shots)))
    assert [shot.episode for shot in shots if shot.frame == 0] == [1, 2, 3]
    assert all(shot.total == shot.frame for shot in shots)  # CartPole pays 1 a step


def test_the_return_that_came_ends_with_the_last_reward_where_the_pole_falls(runs: Path) -> None:
    """An episode of L steps pays 1 each: (1 - .99^L) / .01 at its start, 1 at its end."""
    play = Play(runs / "state", 1, 0, 500)
    course = play.course()
    length = int(play.returns[0])
    assert length < 500
    assert course.followed[-1] == 1
    assert course.followed[0] == pytest.approx((1 - 0.99**length) / 0.01)
    assert course.cut.tolist() == [False] * (length - 1) + [True]


def test_a_play_cut_off_goes_on_with_the_agents_own_value(runs: Path) -> None:
    whole, cut = Play(runs / "state", 1, 0, 500).course(), Play(runs / "state", 1, 0, 5).course()
    assert len(whole.values) > 5
    assert cut.followed[-1] == pytest.approx(1 + 0.99 * whole.values[5].max())
    assert cut.observations.shape == (5, 4)


def test_rewards_count_as_the_agent_learned_them(tmp_path: Path) -> None:
    """The toy pays -.1 and 1; twenty times that is -2 and 20, and clipped -1 and 1."""
    train(small("state", env=TOY, steps=200, **{"returns.clip_reward": True}), tmp_path / "run")
    play = Play(tmp_path / "run", 1, 0, 30)
    inner = play._env.envs[0]
    play._env.envs[0] = gym.wrappers.TransformReward(inner, lambda reward: 20 * float(reward))
    outcomes = [outcome for _, outcome in play._pass(render=False)]
    assert {outcome.reward for outcome in outcomes} <= {-1.0, 1.0}
    assert play.returns == [] or abs(play.returns[0]) > 1


def test_the_saliency_of_a_film_depends_on_its_seed_alone(runs: Path) -> None:
    first, again = (list(Play(runs / "pixels", 1, 3, 3).frames("agent")) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("obs", ["state", "pixels"])
def test_the_film_shows_what_the_value_hangs_on(obs: str, runs: Path, monkeypatch: Any) -> None:
    play = Play(runs / obs, 1, 0, 2)
    with_map = list(play.frames("agent"))
    monkeypatch.setattr(play, "_saliency", lambda: lambda shot: np.zeros(shot.observation.shape))
    without = list(play.frames("agent"))
    assert all((a != b).any(axis=-1).sum() > 100 for a, b in zip(with_map, without, strict=True))


@pytest.mark.parametrize(("value", "size"), [("categorical", 51), ("quantile", 7), ("iqn", 32)])
def test_a_distributional_agent_shows_how_its_returns_are_distributed(
    value: str, size: int, tmp_path: Path
) -> None:
    """Implicit quantiles are shown at the levels the agent acts by, 32 of them."""
    fields = {"learning.value": value, "learning.num_quantiles": 7, "network.noisy": 0.5}
    train(small("state", steps=100, **fields), tmp_path / "run")
    play = Play(tmp_path / "run", 1, 0, 3)
    course: Any = play.course()
    shots: list[Any] = [shot for shot, _ in play._pass()]
    assert all(shot.returns.shape == shot.probability.shape == (2, size) for shot in shots)
    means = np.stack([(shot.returns * shot.probability).sum(axis=1) for shot in shots])
    assert np.allclose(means, course.values, atol=1e-4)
    assert course.reach[0] <= course.values.min() <= course.values.max() <= course.reach[1]
    curves = [(frame[380:-12, -280:] == FILL).all(axis=-1).sum() for frame in play.frames("agent")]
    assert min(curves) > 100


def test_a_report_gets_film_and_still_of_the_same_play(own: Path) -> None:
    found = recorded_play(own, max_frames=6)
    assert found.video == (own / "play.mp4").read_bytes()
    still = cv2.imdecode(np.frombuffer(found.still, np.uint8), cv2.IMREAD_COLOR)
    frames = list(video(own / "play.mp4"))
    assert len(frames) == count_frames(own / "play.mp4") == 6
    values = Play(own, 1, 0, 6).course().values
    nearest = [np.abs(frame.astype(int) - still).mean() for frame in frames]
    assert int(np.argmin(nearest)) == int(np.ptp(values, axis=1).argmax())
    assert not list(own.glob("*partial*"))


def test_a_film_in_hand_is_taken_until_the_agent_is_newer_or_it_is_too_long(own: Path) -> None:
    def made() -> int:
        return (own / "play.mp4").stat().st_mtime_ns

    recorded_play(own, max_frames=6)
    first = made()
    recorded_play(own, max_frames=8)
    assert made() == first
    recorded_play(own, max_frames=4)
    second = made()
    assert second > first and count_frames(own / "play.mp4") == 4
    os.utime(own / "checkpoint" / "best.pt", ns=(second + 10**6, second + 10**6))
    recorded_play(own, max_frames=4)
    third = made()
    assert third > second
    (own / "play.png").unlink()
    recorded_play(own, max_frames=4)
    assert made() > third


def test_a_folder_without_a_run_has_no_play(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no run"):
        recorded_play(tmp_path)


@pytest.mark.parametrize("full", [False, True])
def test_atari_actions_have_the_emulators_names(full: bool) -> None:
    gym.register_envs(ale_py)
    emulator: Any = gym.make("ALE/Breakout-v5", full_action_space=full).unwrapped
    theirs = emulator.get_action_meanings()
    ours = describe_env(EnvConfig(id="ALE/Breakout-v5", full_action_space=full)).action_names
    assert list(ours) == theirs and len(theirs) == (18 if full else 4)


def test_unnamed_actions_and_variables_get_numbers() -> None:
    spec = describe_env(EnvConfig(id=TOY, obs="state"))
    assert spec.action_names == ("action 0", "action 1")
    assert spec.variable_names == tuple(f"variable {i}" for i in range(10))


def test_a_strangers_preset_is_text_on_the_page_of_a_play(own: Path, tmp_path: Path) -> None:
    for path in (own / "config.json", own / "summary.json"):
        stamp = json.loads(path.read_text())
        stamp.get("config", stamp)["preset"] = HOSTILE
        path.write_text(json.dumps(stamp))
    done = run("record.py", "run", "--out", "play.html", "--max-frames", "3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "play.html").read_text()
    assert harmless(page) and page.count("&lt;script&gt;document.title") >= 2


def test_the_encoder_says_nothing_where_it_fails(tmp_path: Path, capfd: Any) -> None:
    """A device that is always full, on which the encoder would print a page."""
    full = tmp_path / "play.mp4"
    full.symlink_to("/dev/full")
    frames = np.random.default_rng(0).integers(0, 255, (30, 240, 320, 3), np.uint8)
    with contextlib.suppress(OSError):
        write_play(frames, full, fps=50, title="")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("obs", "value", "there"),
    [
        ("state", "scalar", set()),
        ("state", "categorical", {"distributed"}),
        ("pixels", "scalar", {"SmoothGrad"}),
        ("pixels", "quantile", {"SmoothGrad", "distributed"}),
    ],
)
def test_the_page_speaks_of_the_agent_that_plays(
    obs: str, value: str, there: set[str], tmp_path: Path
) -> None:
    fields = {"learning.value": value, "learning.num_quantiles": 7}
    train(small(obs, steps=100, **fields), tmp_path / "run")
    play, page = Play(tmp_path / "run", 1, 0, 2), tmp_path / "play.html"
    write_play(play.frames("agent"), page, fps=play.fps, title=play.title, caption=play.caption("agent"))
    assert {word for word in ("SmoothGrad", "distributed") if word in page.read_text()} == there
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert f"scored {summary['eval_mean']:.1f}, the mean of 3 greedy episodes" in page.read_text()
