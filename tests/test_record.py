"""Recording: the script, every view and format, and the episode of a report."""

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

import agents.recording.player
from agents.cli.arguments import RecordArguments
from agents.cli.parser import parse
from agents.config import ConfigError
from agents.recording.layout import screen_view
from agents.recording.player import EpisodePlayer, record_episode
from agents.recording.value_panels import FILL
from agents.recording.video import SHEET_COLUMNS, count_frames, write_video
from agents.runs.paths import manifests
from envs.config import EnvConfig
from envs.factory import make_env
from envs.spec import describe as describe_env
from envs.vector import SerialVectorEnv
from tests.command_line import call, refused, succeeded
from tests.hostile import HOSTILE, harmless
from tests.small_runs import small, train, train_both
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
    out = tmp_path / "episode.mp4"
    words = (obs, "--view", "agent", "--out", str(out), "--max-frames", "6")
    assert str(out) in succeeded(call("record", *words, cwd=runs)).stdout
    frames = list(video(out))
    assert len(frames) == 6
    drawn = next(EpisodePlayer(runs / obs, 1, 0, 1).frames("agent"))
    assert {frame.shape for frame in frames} == {drawn.shape}
    assert not np.array_equal(frames[0], frames[-1])


@pytest.mark.parametrize("name", ["episode.gif", "episode.html", "episode.png"])
def test_the_agents_view_comes_in_every_format(name: str, runs: Path, tmp_path: Path) -> None:
    out, player = tmp_path / name, EpisodePlayer(runs / "pixels", 1, 0, 3)
    write_video(
        player.frames("agent"), out, fps=player.fps, title=player.title, caption=player.caption("agent")
    )
    if name == "episode.html":
        assert "SmoothGrad" in out.read_text() and "data:video/mp4;base64," in out.read_text()
    else:
        image = next(video(out)) if name == "episode.gif" else cv2.imread(str(out))
        assert image is not None
        width = next(player.frames("agent")).shape[1]
        assert image.shape[1] == (width if name == "episode.gif" else SHEET_COLUMNS * width)


def test_without_view_the_screen_is_recorded(runs: Path) -> None:
    assert parse(RecordArguments, ["run", "--out", "episode.mp4"]).view == "screen"
    player = EpisodePlayer(runs / "pixels", 1, 0, 3)
    steps = list(player.steps())
    view = screen_view(steps[0].screen.shape[:2], steps[0].observation.shape)
    plain = [view.frame(step) for step in steps]
    assert all(np.array_equal(a, b) for a, b in zip(player.frames("screen"), plain, strict=True))
    assert next(player.frames("agent")).shape != plain[0].shape


def test_an_unknown_view_is_refused(runs: Path) -> None:
    refused(call("record", "state", "--out", "episode.mp4", "--view", "both", cwd=runs), "view")


@pytest.mark.parametrize("obs", ["state", "pixels"])
def test_every_pass_replays_the_same_episodes(obs: str, runs: Path) -> None:
    player = EpisodePlayer(runs / obs, 3, 5, 1_000)
    trajectory = player.trajectory()
    returns = list(player.returns)
    steps = list(player.steps())
    assert player.returns == returns and len(returns) == 3
    assert np.array_equal(trajectory.values, np.stack([step.values for step in steps]))
    assert [step.t for step in steps] == list(range(len(steps)))
    assert [step.episode for step in steps if step.frame == 0] == [1, 2, 3]
    assert all(step.return_so_far == step.frame for step in steps)  # CartPole pays 1 per step


def test_the_return_ends_with_the_last_reward_when_the_pole_falls(runs: Path) -> None:
    """An episode of L steps pays 1 each: (1 - .99^L) / .01 at its start, 1 at its end."""
    player = EpisodePlayer(runs / "state", 1, 0, 500)
    trajectory = player.trajectory()
    length = int(player.returns[0])
    assert length < 500
    assert trajectory.returns[-1] == 1
    assert trajectory.returns[0] == pytest.approx((1 - 0.99**length) / 0.01)
    assert trajectory.ends.tolist() == [False] * (length - 1) + [True]


def test_a_recording_cut_off_bootstraps_from_the_agents_own_value(runs: Path) -> None:
    whole, short = (EpisodePlayer(runs / "state", 1, 0, frames).trajectory() for frames in (500, 5))
    assert len(whole.values) > 5
    assert short.returns[-1] == pytest.approx(1 + 0.99 * whole.values[5].max())
    assert short.observations.shape == (5, 4)


def test_rewards_count_as_the_agent_learned_them(tmp_path: Path, monkeypatch: Any) -> None:
    """The toy pays -.1 and 1; twenty times that is -2 and 20, and clipped -1 and 1."""
    train(small("state", env=TOY, steps=200, **{"returns.clip_reward": True}), tmp_path / "run")

    def scaled(config: EnvConfig, **options: Any) -> Any:
        return gym.wrappers.TransformReward(make_env(config, **options), lambda reward: 20 * float(reward))

    monkeypatch.setattr(agents.recording.player, "make_env", scaled)
    player = EpisodePlayer(tmp_path / "run", 1, 0, 30)
    assert {step.reward for step in player.steps(render=False)} <= {-1.0, 1.0}
    assert player.returns == [] or abs(player.returns[0]) > 1


class LosingALife(gym.Wrapper[Any, Any, Any, Any]):
    """Three lives, the first of which is lost in the third step."""

    def reset(self, **options: Any) -> Any:
        self.steps = 0
        observation, info = self.env.reset(**options)
        return observation, info | {"lives": 3}

    def step(self, action: Any) -> Any:
        self.steps += 1
        *transition, info = self.env.step(action)
        return *transition, info | {"lives": 3 - (self.steps >= 3)}


@pytest.mark.parametrize("ends", [True, False])
def test_a_lost_life_ends_the_return_if_the_agent_learned_so(
    ends: bool, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rewards of 1, γ = .99: from the start 1 + .99 + .9801, and nothing of what follows the lost life."""

    def losing(config: EnvConfig, **options: Any) -> Any:
        return LosingALife(make_env(config, **options))

    def vector(envs: Any, seeds: Any, **_: Any) -> SerialVectorEnv:
        return SerialVectorEnv(envs, seeds, zero_discount_on_life_loss=ends)

    monkeypatch.setattr(agents.recording.player, "make_env", losing)
    monkeypatch.setattr(agents.recording.player, "SerialVectorEnv", vector)
    trajectory = EpisodePlayer(runs / "state", 1, 0, 500).trajectory()
    assert len(trajectory.values) > 5 and trajectory.ends[2] == ends
    assert (trajectory.returns[0] == pytest.approx(2.9701)) == ends
    assert (trajectory.returns[2] == 1.0) == ends


def test_the_saliency_of_a_video_depends_on_its_seed_alone(runs: Path) -> None:
    first, again = (list(EpisodePlayer(runs / "pixels", 1, 3, 3).frames("agent")) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("obs", ["state", "pixels"])
def test_the_video_shows_the_saliency(obs: str, runs: Path, monkeypatch: Any) -> None:
    player = EpisodePlayer(runs / obs, 1, 0, 2)
    with_map = list(player.frames("agent"))
    monkeypatch.setattr(player, "_saliency", lambda: lambda step: np.zeros(step.observation.shape))
    without = list(player.frames("agent"))
    assert all((a != b).any(axis=-1).sum() > 100 for a, b in zip(with_map, without, strict=True))


@pytest.mark.parametrize(("value", "size"), [("categorical", 51), ("quantile", 7), ("iqn", 32)])
def test_a_distributional_agent_shows_its_return_distributions(
    value: str, size: int, tmp_path: Path
) -> None:
    """Implicit quantiles are shown at the levels the agent acts by, 32 of them."""
    fields = {"learning.value": value, "learning.num_quantiles": 7, "network.noisy": 0.5}
    train(small("state", steps=100, **fields), tmp_path / "run")
    player = EpisodePlayer(tmp_path / "run", 1, 0, 3)
    trajectory: Any = player.trajectory()
    steps: list[Any] = list(player.steps())
    assert all(step.returns.shape == step.probabilities.shape == (2, size) for step in steps)
    means = np.stack([(step.returns * step.probabilities).sum(axis=1) for step in steps])
    assert np.allclose(means, trajectory.values, atol=1e-4)
    low, high = trajectory.return_range
    assert low <= trajectory.values.min() <= trajectory.values.max() <= high
    assert all((frame == FILL).all(axis=-1).any() for frame in player.frames("agent"))


def test_a_report_gets_video_and_thumbnail_of_the_same_episode(own: Path) -> None:
    episode = record_episode(own, max_frames=6)
    assert episode.video == (own / "episode.mp4").read_bytes()
    thumbnail = cv2.imdecode(np.frombuffer(episode.thumbnail, np.uint8), cv2.IMREAD_COLOR)
    frames = list(video(own / "episode.mp4"))
    assert len(frames) == count_frames(own / "episode.mp4") == 6
    values = EpisodePlayer(own, 1, 0, 6).trajectory().values
    nearest = [np.abs(frame.astype(int) - thumbnail).mean() for frame in frames]
    assert int(np.argmin(nearest)) == int(np.ptp(values, axis=1).argmax())
    assert not list(own.glob("*partial*"))


def test_a_recording_is_reused_unless_it_is_outdated_or_too_long(own: Path) -> None:
    def time() -> int:
        return (own / "episode.mp4").stat().st_mtime_ns

    record_episode(own, max_frames=6)
    first = time()
    record_episode(own, max_frames=8)
    assert time() == first
    record_episode(own, max_frames=4)
    second = time()
    assert second > first and count_frames(own / "episode.mp4") == 4
    for manifest in manifests(own / "checkpoint" / "best").values():
        os.utime(manifest, ns=(second + 10**6, second + 10**6))
    record_episode(own, max_frames=4)
    third = time()
    assert third > second
    (own / "thumbnail.png").unlink()
    record_episode(own, max_frames=4)
    assert time() > third


def test_a_folder_without_a_run_has_no_episode(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no run"):
        record_episode(tmp_path)


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


def test_a_hostile_preset_is_text_on_the_page_of_an_episode(own: Path, tmp_path: Path) -> None:
    for path in (own / "config.json", own / "summary.json"):
        stamp = json.loads(path.read_text())
        stamp.get("config", stamp)["preset"] = HOSTILE
        path.write_text(json.dumps(stamp))
    succeeded(call("record", "run", "--out", "episode.html", "--max-frames", "3", cwd=tmp_path))
    page = (tmp_path / "episode.html").read_text()
    assert harmless(page) and page.count("&lt;script&gt;document.title") >= 2


def test_a_failing_encoder_prints_nothing(tmp_path: Path, capfd: Any) -> None:
    """A device that is always full, on which the encoder would print a page."""
    full = tmp_path / "episode.mp4"
    full.symlink_to("/dev/full")
    frames = np.random.default_rng(0).integers(0, 255, (30, 240, 320, 3), np.uint8)
    with contextlib.suppress(OSError):
        write_video(frames, full, fps=50, title="")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("obs", "value", "there"),
    [
        ("state", "scalar", set()),
        ("state", "categorical", {"distributions"}),
        ("pixels", "scalar", {"SmoothGrad"}),
        ("pixels", "quantile", {"SmoothGrad", "distributions"}),
    ],
)
def test_the_caption_fits_the_agent(obs: str, value: str, there: set[str], tmp_path: Path) -> None:
    fields = {"learning.value": value, "learning.num_quantiles": 7}
    train(small(obs, steps=100, **fields), tmp_path / "run")
    player, page = EpisodePlayer(tmp_path / "run", 1, 0, 2), tmp_path / "episode.html"
    write_video(
        player.frames("agent"), page, fps=player.fps, title=player.title, caption=player.caption("agent")
    )
    assert {word for word in ("SmoothGrad", "distributions") if word in page.read_text()} == there
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert f"scored {summary['eval_mean']:.1f}, the mean of 3 greedy episodes" in page.read_text()
