"""Evaluations: whole episodes on environments and seeds of their own.

| evaluation | seeds | episodes | ε |
|---|---|---|---|
| periodic | stream `evaluation`: the same each time | `evaluation.episodes` | `evaluation.epsilon` |
| confirmation | stream `solved`, by agent step: fresh each time | `evaluation.solved_episodes` | the same |
| greedy, where that ε is not 0 | those of the evaluation beside it | as many | 0 |
| held out (`scripts/evaluate.py`) | stream `held_out` of another seed | as asked | as asked, or the same |

`agents/training/evaluation.py` decides when each is due, and its consequences.
"""

from contextlib import closing
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from agents.acting.episodes import ShouldStop, never, play
from agents.acting.policy import Array, EpsilonGreedyPolicy, GreedyPolicy, Policy
from agents.acting.probe import StateProbe
from agents.acting.rng import draw_seeds, make_generator
from agents.acting.score import Score, evaluate
from agents.config import Config, ConfigError
from envs.factory import make_env, make_vector_env
from envs.families import family_of
from envs.vector import SerialVectorEnv, VectorEnv


class RecordingPolicy:
    """A greedy policy that records the action values."""

    def __init__(self, policy: GreedyPolicy) -> None:
        self._policy = policy
        self.recorded: list[NDArray[np.float32]] = []  # [E, A] each

    def act(self, observation: Array) -> NDArray[np.int64]:
        """Return the greedy actions `[E]` for observations `[E, *obs]`."""
        self.recorded.append(self._policy.values(observation))
        return self.recorded[-1].argmax(axis=1)


def with_epsilon(
    policy: Policy, epsilon: float, num_actions: int, seed: int, stream: str, *key: int
) -> Policy:
    """Return a policy with a share of random actions, drawn by a random stream; the same without any."""
    if not epsilon:
        return policy
    return EpsilonGreedyPolicy(policy, num_actions, make_generator(seed, stream, *key), epsilon)


def held_out(config: Config, policy: GreedyPolicy, episodes: int, seed: int, epsilon: float) -> Score:
    """Evaluate on seeds that no training run uses; `seed` selects them."""
    seeds = draw_seeds(seed, "held_out", min(config.evaluation.num_envs, episodes))
    with closing(make_vector_env(config.env, seeds, max_steps=config.evaluation.max_steps)) as env:
        measured = with_epsilon(policy, epsilon, env.num_actions, seed, "held_out")
        return evaluate(env, measured, episodes)._replace(epsilon=epsilon)


class Evaluator:
    """Evaluations during a run; all may be stopped, by `Interrupted`."""

    def __init__(self, config: Config, policy: GreedyPolicy) -> None:
        self._config, self.policy = config, policy
        self._envs: dict[int, VectorEnv] = {}
        self._pixels = config.env.obs == "pixels"
        self._probe = StateProbe(config, policy)

    def periodic(self, should_stop: ShouldStop = never) -> Score:
        """Evaluate on the run's evaluation seeds, with video, action values and state probe."""
        settings = self._config.evaluation
        recording = RecordingPolicy(self.policy)
        frames = settings.video_frames
        score = self._evaluate(
            ("evaluation", 0),
            settings.episodes,
            recording,
            settings.epsilon,
            should_stop,
            video_frames=frames if self._pixels else 0,
        )
        video = self._draw_episode(frames, should_stop) if frames and not self._pixels else score.video
        values = np.concatenate(recording.recorded) if recording.recorded else None
        return score._replace(video=video, values=values, probe=self._probe(should_stop))

    def greedy(self, should_stop: ShouldStop = never) -> Score:
        """Evaluate as `periodic`, without random actions, and the score alone."""
        episodes = self._config.evaluation.episodes
        return self._evaluate(("evaluation", 0), episodes, self.policy, 0.0, should_stop)

    def confirm(
        self,
        env_steps: int,
        should_stop: ShouldStop = never,
        policy: GreedyPolicy | None = None,
        *,
        greedy: bool = False,
    ) -> Score:
        """Evaluate the run's agent, or another, on more episodes; the agent steps decide the seeds."""
        settings = self._config.evaluation
        epsilon = 0.0 if greedy else settings.epsilon
        stream, policy = ("solved", env_steps), policy or self.policy
        return self._evaluate(stream, settings.solved_episodes, policy, epsilon, should_stop)

    def _evaluate(
        self,
        stream: tuple[str, int],
        episodes: int,
        policy: Policy,
        epsilon: float,
        should_stop: ShouldStop,
        *,
        video_frames: int = 0,
    ) -> Score:
        settings, (name, key) = self._config.evaluation, stream
        count = min(settings.num_envs, episodes)
        seeds = draw_seeds(self._config.seed, name, count, key)
        if count not in self._envs:
            self._envs[count] = make_vector_env(self._config.env, seeds, max_steps=settings.max_steps)
        env = self._envs[count]
        env.seed(seeds)
        measured = with_epsilon(policy, epsilon, env.num_actions, self._config.seed, name, key)
        score = evaluate(env, measured, episodes, video_frames=video_frames, should_stop=should_stop)
        return score._replace(epsilon=epsilon)

    def _draw_episode(self, frames: int, should_stop: ShouldStop) -> NDArray[np.uint8] | None:
        """Return gray images `[T, H, W]` of a state agent's first episode."""
        if not self._twins:
            return None
        played, drawn = self._twins
        seeds = draw_seeds(self._config.seed, "evaluation", 1, 0)
        played.seed(seeds)
        drawn.seed(seeds)
        images = [drawn.reset()[0, -1].copy()]
        for action, step in play(played, self.policy, played.reset(), should_stop=should_stop):
            image = drawn.step(action).observation[0, -1]
            if step.last[0] or len(images) == frames:
                break
            images.append(image.copy())
        return np.stack(images)

    @cached_property
    def _twins(self) -> tuple[VectorEnv, ...]:
        """A state agent's environment, and the same in images to draw it; empty if there are none."""
        size = family_of(self._config.env.id).video_size
        rendered = replace(self._config.env, obs="pixels", size=size, frame_stack=1)
        try:  # not in threads of their own, whose no-ops are others
            envs = [make_env(config) for config in (self._config.env, rendered)]
        except ConfigError:  # nothing to draw
            return ()
        return tuple(SerialVectorEnv([env], [0]) for env in envs)
