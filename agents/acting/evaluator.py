"""Evaluations: greedy episodes on environments and seeds of their own.

| evaluation | seeds | episodes | ε |
|---|---|---|---|
| periodic | stream `evaluation`: the same each time | `evaluation.episodes` | `evaluation.epsilon` |
| confirmation | stream `solved`, by agent step: fresh each time | `evaluation.solved_episodes` | the same |
| held out (`scripts/evaluate.py`) | stream `held_out` of another seed | as asked | the same |

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
from envs.factory import make_vector_env
from envs.vector import VectorEnv


class RecordingPolicy:
    """A greedy policy that records the action values."""

    def __init__(self, policy: GreedyPolicy) -> None:
        self._policy = policy
        self.recorded: list[NDArray[np.float32]] = []  # [E, A] each

    def act(self, observation: Array) -> NDArray[np.int64]:
        """Return the greedy actions `[E]` for observations `[E, *obs]`."""
        self.recorded.append(self._policy.values(observation))
        return self.recorded[-1].argmax(axis=1)


def evaluated_policy(policy: Policy, num_actions: int, config: Config, stream: str, *key: int) -> Policy:
    """Return a policy with the random actions of the protocol; a random stream draws them."""
    epsilon = config.evaluation.epsilon
    if not epsilon:
        return policy
    return EpsilonGreedyPolicy(policy, num_actions, make_generator(config.seed, stream, *key), epsilon)


def held_out(config: Config, policy: GreedyPolicy, episodes: int, seed: int) -> Score:
    """Evaluate on seeds that no training run uses; `seed` selects them."""
    seeds = draw_seeds(seed, "held_out", min(config.evaluation.num_envs, episodes))
    with closing(make_vector_env(config.env, seeds, max_steps=config.evaluation.max_steps)) as env:
        measured = evaluated_policy(policy, env.num_actions, replace(config, seed=seed), "held_out")
        return evaluate(env, measured, episodes)


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
            "evaluation", 0, settings.episodes, recording, frames if self._pixels else 0, should_stop
        )
        video = self._draw_episode(frames, should_stop) if frames and not self._pixels else score.video
        values = np.concatenate(recording.recorded) if recording.recorded else None
        return score._replace(video=video, values=values, probe=self._probe(should_stop))

    def confirm(
        self, env_steps: int, should_stop: ShouldStop = never, policy: GreedyPolicy | None = None
    ) -> Score:
        """Evaluate the run's agent, or another, on more episodes; the agent steps decide the seeds."""
        episodes = self._config.evaluation.solved_episodes
        return self._evaluate("solved", env_steps, episodes, policy or self.policy, 0, should_stop)

    def _evaluate(
        self,
        stream: str,
        key: int,
        episodes: int,
        policy: Policy,
        video_frames: int,
        should_stop: ShouldStop,
    ) -> Score:
        settings = self._config.evaluation
        count = min(settings.num_envs, episodes)
        seeds = draw_seeds(self._config.seed, stream, count, key)
        if count not in self._envs:
            self._envs[count] = make_vector_env(self._config.env, seeds, max_steps=settings.max_steps)
        env = self._envs[count]
        env.seed(seeds)
        measured = evaluated_policy(policy, env.num_actions, self._config, stream, key)
        return evaluate(env, measured, episodes, video_frames=video_frames, should_stop=should_stop)

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
        rendered = replace(self._config.env, obs="pixels", size=(80, 120), frame_stack=1)
        try:
            drawn = make_vector_env(rendered, [0])
        except ConfigError:  # nothing to draw
            return ()
        return make_vector_env(self._config.env, [0]), drawn
