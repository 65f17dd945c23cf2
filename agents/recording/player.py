"""Greedy episodes of a run's best checkpoint, frame by frame."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from agents.acting.episodes import EpisodeCounter, clipped, play
from agents.acting.policy import Array, GreedyPolicy
from agents.acting.rng import draw_seeds
from agents.agent import load
from agents.recording.drawing import Floats, Image
from agents.recording.layout import agent_view, screen_view
from agents.recording.saliency import SmoothGrad
from agents.recording.steps import RecordedStep, Trajectory, discounted_returns, probable_range
from agents.recording.video import count_frames, encode_png, write_video
from agents.report.captions import ViewName, describe, score_sentence
from agents.runs.checkpoint import BestCheckpoint
from agents.runs.files import write_whole
from agents.runs.paths import RunPaths, manifests
from agents.runs.reader import read_summary
from envs.factory import make_env
from envs.spec import describe as describe_env
from envs.vector import SerialVectorEnv
from models.prediction import Prediction

NO_SCREEN: Image = np.zeros((0, 0, 3), np.uint8)


class PredictingPolicy:
    """A greedy policy that keeps its latest prediction."""

    prediction: Prediction
    values: Floats  # [E, A]

    def __init__(self, policy: GreedyPolicy) -> None:
        self._policy = policy

    def act(self, observation: Array) -> NDArray[np.int64]:
        """Return the greedy actions `[E]` for observations `[E, *obs]`."""
        self.prediction = self._policy.predict(observation)
        self.values = self.prediction.mean.numpy()
        return self.values.argmax(axis=1)


class EpisodePlayer:
    """A run's best checkpoint acting greedily; every pass replays the same episodes.

    It stops after `max_frames`. The seed decides the initial states and the noise of the saliency maps.
    """

    def __init__(self, folder: Path, episodes: int, seed: int, max_frames: int) -> None:
        config, self._policy, best = load(folder)
        torch.set_num_threads(1)  # the encoder runs beside it; two threads would wait for it
        self._config, self._seed = config, seed
        env = make_env(config.env, screen=True)
        seeds = draw_seeds(seed, "recording", 1)
        self._env = SerialVectorEnv(
            [env], seeds, zero_discount_on_life_loss=config.env.zero_discount_on_life_loss
        )
        self._spec, self._episodes, self._max_frames = describe_env(config.env), episodes, max_frames
        self.title = f"{config.env.id} from {config.env.obs} ({config.preset}, seed {config.seed})"
        self.score = _score(folder, best, config.evaluation.epsilon)
        """Score of the checkpoint, as a sentence."""
        self.fps = self._env.render_fps
        self.returns: list[float] = []
        """Returns of the episodes that ended in the latest pass."""

    def frames(self, view: ViewName, trajectory: Trajectory | None = None) -> Iterator[Image]:
        """Act and draw every frame.

        They are `[H, W, 3] uint8`, all of one size. The agent's view needs the trajectory of another pass;
        None: act twice.
        """
        layout, numbered = None, self._episodes > 1
        if view == "agent":
            trajectory, saliency = trajectory or self.trajectory(), self._saliency()
        for step in self.steps():
            shapes = step.screen.shape[:2], step.observation.shape
            if trajectory is None:
                layout = layout or screen_view(*shapes, numbered=numbered)
            else:
                names = self._spec.action_names, self._spec.variable_names
                layout = layout or agent_view(*shapes, trajectory, *names, numbered=numbered)
                step = step._replace(saliency=saliency(step))
            yield layout.frame(step)

    def caption(self, view: ViewName) -> tuple[str, str]:
        """Return the score, and a description of this view for this agent."""
        return self.score, describe(view, self._config)

    def trajectory(self) -> Trajectory:
        """Act without rendering; return the trajectory."""
        values, ranges, observations, outcomes = [], [], [], []
        for step in self.steps(render=False):
            values.append(step.values)
            if step.returns is not None and step.probabilities is not None:
                ranges.append(probable_range(step.returns, step.probabilities))
            is_image = step.observation.ndim == 3
            observations.append(np.zeros(0) if is_image else step.observation.astype(np.float32))
            outcomes.append((step.reward, step.bootstrap, step.end))
        reward, bootstrap, ends = (np.array(column) for column in zip(*outcomes, strict=True))
        returns = discounted_returns(reward, bootstrap, ends, self._config.returns.gamma)
        extremes = (min(low for low, _ in ranges), max(high for _, high in ranges)) if ranges else None
        return Trajectory(np.stack(values), returns, ends, np.stack(observations), extremes)

    def _saliency(self) -> Callable[[RecordedStep], Floats]:
        """Return SmoothGrad for images, the plain gradient for state vectors."""
        network, generator = self._policy.network, torch.Generator().manual_seed(self._seed)
        network.requires_grad_(False)  # or autograd also computes the gradient of every weight
        shape = self._env.observation_shape
        if len(shape) == 3:
            gradient = SmoothGrad(network, shape, generator)
        else:
            gradient = SmoothGrad(network, shape, generator, samples=1, noise=0.0)
        return lambda step: gradient(torch.from_numpy(step.observation), int(step.values.argmax())).numpy()

    def steps(self, *, render: bool = True) -> Iterator[RecordedStep]:
        """Act from the seeds; yield the steps, without observations after ends."""
        self.returns.clear()
        policy, counter, screen = PredictingPolicy(self._policy), EpisodeCounter(1), NO_SCREEN
        observation = self._env.reset()
        steps = play(self._env, policy, observation)
        for t in range(self._max_frames):
            if render:
                screen = self._env.render()
            acted_on, score, frame = observation[0].copy(), float(counter.score[0]), int(counter.length[0])
            _, step = next(steps)
            returns, probabilities = (column[0].numpy() for column in policy.prediction.distribution())
            reward = clipped(step.reward) if self._config.returns.clip_reward else step.reward
            terminated = bool(step.terminated[0])  # also by a lost life, which is not `last`
            end = terminated or bool(step.last[0]) or t + 1 == self._max_frames
            bootstraps = end and not terminated
            recorded = RecordedStep(
                screen,
                acted_on,
                policy.values[0],
                score,
                frame,
                episode=len(self.returns) + 1,
                t=t,
                reward=float(reward[0]),
                end=end,
                bootstrap=float(self._policy.values(step.next_observation).max()) if bootstraps else 0.0,
            )
            if returns.shape[1] > 1:
                recorded = recorded._replace(returns=returns, probabilities=probabilities)
            self.returns += [episode.score for episode in counter.add(step, reward)]
            observation = step.observation
            yield recorded
            if len(self.returns) == self._episodes:
                return


def _score(folder: Path, best: BestCheckpoint, epsilon: float) -> str:
    """Return a finished run's score, else that of its best evaluation."""
    summary = read_summary(folder)
    if summary is not None and summary.eval_episodes is not None:
        return score_sentence(summary.eval_mean, summary.eval_episodes, epsilon)
    return score_sentence(best.score["mean"], best.score["episodes"], epsilon)


class RecordedEpisode(NamedTuple):
    """An episode in the agent's view, ready for a page."""

    video: bytes  # MP4
    thumbnail: bytes  # PNG, the frame with the largest difference between the action values


def record_episode(folder: Path, max_frames: int = 500, seed: int = 0) -> RecordedEpisode:
    """Return a greedy episode from `episode.mp4` and `thumbnail.png` in a run's folder.

    Both are recorded anew if missing, damaged, older than the best checkpoint, or too long.

    Raises:
        ConfigError: the folder holds no run with a checkpoint.
    """
    paths = RunPaths(folder)
    video, thumbnail, best = paths.video, paths.thumbnail, paths.best
    times = [path.stat().st_mtime_ns for path in (video, thumbnail) if path.is_file()]
    saved = [path.stat().st_mtime_ns for path in manifests(best).values()]
    current = len(times) == 2 and bool(saved) and min(times) >= max(saved)
    if not (current and 0 < count_frames(video) <= max_frames):
        _record(EpisodePlayer(folder, 1, seed, max_frames), video, thumbnail)
    return RecordedEpisode(video.read_bytes(), thumbnail.read_bytes())


def _record(player: EpisodePlayer, video: Path, thumbnail: Path) -> None:
    """Write video and thumbnail atomically."""
    trajectory = player.trajectory()
    decisive, image = int(np.ptp(trajectory.values, axis=1).argmax()), b""

    def frames() -> Iterator[Image]:
        nonlocal image
        for t, frame in enumerate(player.frames("agent", trajectory)):
            if t == decisive:
                image = encode_png(frame)
            yield frame

    write_video(frames(), video, fps=player.fps, title=player.title)
    write_whole(thumbnail, image)
