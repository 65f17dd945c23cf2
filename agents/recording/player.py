"""A run's kept agent at play, frame by frame: for videos, pages and images."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from agents.acting.rng import draw_seeds
from agents.agent import load
from agents.recording.drawing import Array, Image
from agents.recording.layout import AgentView
from agents.recording.saliency import SmoothGrad
from agents.recording.steps import Course, Shot, reach_of, returns_that_followed
from agents.recording.video import compose, count_frames, encoded_png, write_play
from agents.report.captions import Kind, ViewName, describe, score_sentence
from agents.runs.checkpoint import BestCheckpoint
from agents.runs.files import write_whole
from agents.runs.reader import read_summary
from envs.factory import make_env
from envs.spec import describe as describe_env
from envs.vector import SerialVectorEnv


class Outcome(NamedTuple):
    """What the step after a shot brought."""

    reward: float  # as the agent learned it
    cut: bool  # whether the thread of rewards ends here: an end, a time limit, the last shot
    after: float  # where it is cut, the agent's value of what came next; 0 at a true end


class Play:
    """A run's kept agent playing greedily, shot by shot; every pass over it is the same play.

    Args:
        folder: The run's.
        episodes: Episodes to play.
        seed: Decides how the episodes start, and the noise of the saliency maps.
        max_shots: Stop after this many shots.
    """

    def __init__(self, folder: Path, episodes: int, seed: int, max_shots: int) -> None:
        config, self._policy, best = load(folder)
        torch.set_num_threads(1)  # the encoder works at the same time; two would wait for each other
        self._config, self._seed = config, seed
        env = make_env(config.env, screen=True)
        seeds = draw_seeds(seed, "recording", 1)
        self._env = SerialVectorEnv(
            [env], seeds, zero_discount_on_life_loss=config.env.zero_discount_on_life_loss
        )
        spec = describe_env(config.env)
        self._actions, self._variables = spec.action_names, spec.variable_names
        self._episodes, self._max_shots = episodes, max_shots
        self.title = f"{config.env.id} from {config.env.obs} ({config.preset}, seed {config.seed})"
        self.score = _score(folder, best)
        """What the kept agent scored, in a sentence."""
        self.fps = self._env.render_fps
        self.returns: list[float] = []
        """Returns of the episodes that have ended in the latest pass."""

    def frames(self, view: ViewName) -> Iterator[Image]:
        """Plays and draws every shot, `[H, W, 3] uint8`, all of one size."""
        if view == "agent":
            yield from self.agent_frames(self.course())
        else:
            for shot, _ in self._pass():
                yield compose(shot.screen, shot.stack, shot.frame, shot.episode * (self._episodes > 1))

    def caption(self, view: ViewName) -> tuple[str, str]:
        """Returns the agent's score, and what the frames of this view show of an agent of its kind."""
        learning, shape = self._config.learning, self._env.observation_shape
        kind = Kind(
            images=shape[0] if len(shape) == 3 else 0,
            value=learning.value,
            munchausen=learning.backup == "munchausen",
            clipped=self._config.returns.clip_reward,
        )
        return self.score, describe(view, kind)

    def course(self) -> Course:
        """Plays without drawing; returns the values of the whole play and what they came to."""
        values, reaches, seen, outcomes = [], [], [], []
        for shot, outcome in self._pass(render=False):
            values.append(shot.values)
            if shot.returns is not None and shot.probability is not None:
                reaches.append(reach_of(shot.returns, shot.probability))
            seen.append(np.zeros(0) if shot.stack is not None else shot.observation)
            outcomes.append(outcome)
        reward, cut, after = (np.array(column) for column in zip(*outcomes, strict=True))
        followed = returns_that_followed(reward, after, cut, self._config.returns.gamma)
        reach = (min(low for low, _ in reaches), max(high for _, high in reaches)) if reaches else None
        return Course(np.stack(values), followed, cut, np.stack(seen), reach)

    def agent_frames(self, course: Course) -> Iterator[Image]:
        """Plays again and draws every shot with what the agent sees and what it makes of it."""
        saliency, view = self._saliency(), None
        for shot, _ in self._pass():
            if view is None:
                shape = (shot.screen.shape[0], shot.screen.shape[1])
                names = (self._actions, self._variables)
                view = AgentView(shape, shot.observation.shape, course, *names, several=self._episodes > 1)
            yield view.frame(shot._replace(saliency=saliency(shot)))

    def _saliency(self) -> Callable[[Shot], Array]:
        """Returns SmoothGrad for images; for a state vector, whose units differ, the plain gradient."""
        network, generator = self._policy.network, torch.Generator().manual_seed(self._seed)
        network.requires_grad_(False)  # or autograd also finds the gradient of every weight
        shape = self._env.observation_shape
        if len(shape) == 3:
            gradient = SmoothGrad(network, shape, generator)
        else:
            gradient = SmoothGrad(network, shape, generator, samples=1, noise=0.0)
        return lambda shot: gradient(torch.from_numpy(shot.observation), int(shot.values.argmax())).numpy()

    def _pass(self, *, render: bool = True) -> Iterator[tuple[Shot, Outcome]]:
        """Plays from the seeds; yields every moment but the one after an episode's end."""
        self.returns.clear()
        observation, total, frame = self._env.reset(), 0.0, 0
        blank: Image = np.zeros((0, 0, 3), np.uint8)
        for at in range(self._max_shots):
            prediction = self._policy.predict(observation)
            values = prediction.mean.numpy()
            screen = self._env.render() if render else blank
            shot = Shot(screen, observation[0].copy(), values[0], total, frame, len(self.returns) + 1, at)
            returns, probability = (column[0].numpy() for column in prediction.distribution())
            if returns.shape[1] > 1:
                shot = shot._replace(returns=returns, probability=probability)
            step = self._env.step(values.argmax(axis=1))
            reward, ended, last = float(step.reward[0]), bool(step.terminated[0]), bool(step.last[0])
            cut = ended or last or at + 1 == self._max_shots
            after = 0.0 if ended or not cut else float(self._policy.values(step.next_observation).max())
            total, frame = total + reward, frame + 1
            if last:
                self.returns.append(total)
                total, frame = 0.0, 0
            learned = min(max(reward, -1.0), 1.0) if self._config.returns.clip_reward else reward
            yield shot, Outcome(learned, cut, after)
            observation = step.observation
            if len(self.returns) == self._episodes:
                return


def _score(folder: Path, best: BestCheckpoint) -> str:
    """Returns the score of a finished run; of another, that of the evaluation that kept the agent."""
    summary = read_summary(folder)
    if summary is not None and summary.eval_episodes is not None:
        return score_sentence(summary.eval_mean, summary.eval_episodes)
    return score_sentence(best.score["mean"], best.score["episodes"])


class Recorded(NamedTuple):
    """A play in the agent's view, ready for a page."""

    video: bytes  # MP4
    still: bytes  # PNG, the moment in which the choice matters most


def recorded_play(folder: Path, max_frames: int = 500, seed: int = 0) -> Recorded:
    """Returns one greedy play of a run's kept agent, from `play.mp4` and `play.png` in its folder.

    They are made where they are missing, damaged, older than the kept agent, or longer than asked for.

    Args:
        folder: The run's.
        max_frames: The video is no longer than that.
        seed: Decides how the episode starts, where the video has to be made.

    Raises:
        ConfigError: the folder holds no run with a kept agent.
    """
    video, still = folder / "play.mp4", folder / "play.png"
    best = folder / "checkpoint" / "best.pt"
    made = [path.stat().st_mtime_ns for path in (video, still) if path.is_file()]
    current = len(made) == 2 and best.is_file() and min(made) >= best.stat().st_mtime_ns
    if not (current and 0 < count_frames(video) <= max_frames):
        _record(Play(folder, 1, seed, max_frames), video, still)
    return Recorded(video.read_bytes(), still.read_bytes())


def _record(play: Play, video: Path, still: Path) -> None:
    """Writes video and still; neither is ever there half written."""
    course = play.course()
    telling, shown = int(np.ptp(course.values, axis=1).argmax()), b""

    def frames() -> Iterator[Image]:
        nonlocal shown
        for at, frame in enumerate(play.agent_frames(course)):
            if at == telling:
                shown = encoded_png(frame)
            yield frame

    write_play(frames(), video, fps=play.fps, title=play.title)
    write_whole(still, shown)
