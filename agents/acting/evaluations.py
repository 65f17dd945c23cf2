"""Greedy play on environments of its own, and a look into the agent while it plays."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from agents.acting.episodes import Score, ShouldStop, evaluate, refuse_to_go_on, refuse_to_stop
from agents.acting.linear_probe import decoded_share
from agents.acting.policy import Array, EpsilonGreedyPolicy, GreedyPolicy
from agents.acting.rng import draw_seeds, make_generator
from agents.config import Config, ConfigError
from envs.factory import make_env, make_vector_env
from envs.families import family_of
from envs.families.family import Simulator
from envs.vector import SerialVectorEnv, VectorEnv

VIDEO_SIZE = (80, 120)  # pixels of a state agent's video
PROBE_LEVELS = 4  # shares of random actions
PROBE_ENVS = 3 * PROBE_LEVELS
FEATURE_ROWS = 256  # images that the network looks at together


def play_of(policy: Any, env: VectorEnv, config: Config, generator: np.random.Generator) -> Any:
    """Returns how the agent acts while it is measured: greedily, or as greedily as the protocol says."""
    epsilon = config.evaluation.epsilon
    if not epsilon:
        return policy.act
    return partial(EpsilonGreedyPolicy(policy, env.num_actions, generator).act, epsilon=epsilon)


class RecordingPolicy:
    """A greedy policy that keeps the action values it acted by."""

    def __init__(self, policy: GreedyPolicy) -> None:
        self._policy = policy
        self.values: list[Array] = []

    def act(self, observation: Array) -> Array:
        """Returns the greedy actions `[E] int64` for observations `[E, *obs]`."""
        self.values.append(self._policy.values(observation))
        return self.values[-1].argmax(axis=1)


class Evaluations:
    """Greedy play of a policy on environments of its own, from named seeds.

    Args:
        config: Which environment.
        policy: Who plays.
    """

    def __init__(self, config: Config, policy: GreedyPolicy) -> None:
        self._config, self._policy = config, policy
        self._made: dict[int, VectorEnv] = {}
        self._twins: tuple[VectorEnv, ...] | None = None
        pixels = config.env.obs == "pixels"
        self._probe = StateProbe(config, policy) if pixels and config.evaluation.probe_samples else None

    def __call__(
        self, stream: str, key: int, episodes: int, should_stop: ShouldStop = refuse_to_stop
    ) -> Score:
        """Plays `episodes` from seeds that the stream and the key decide.

        The periodic evaluations, which are logged, also look into the agent.

        Raises:
            Interrupted: `should_stop()`, which is asked between any two steps.
        """
        settings = self._config.evaluation
        count = min(settings.num_envs, episodes)
        seeds = draw_seeds(self._config.seed, stream, count, key)
        if count not in self._made:
            self._made[count] = make_vector_env(self._config.env, seeds, max_steps=settings.max_steps)
        env = self._made[count]
        env.seed(seeds)
        recording = RecordingPolicy(self._policy)
        act = play_of(recording, env, self._config, make_generator(self._config.seed, stream, key))
        periodic, pixels = stream == "evaluation", self._config.env.obs == "pixels"
        video_frames = settings.video_frames if periodic else 0
        score = evaluate(act, env, episodes, video_frames if pixels else 0, should_stop)
        if not periodic:
            return score
        video = (
            self._video(seeds[0], video_frames, should_stop) if video_frames and not pixels else score.video
        )
        shares = self._probe(should_stop) if self._probe else {}
        values = np.concatenate(recording.values) if recording.values else None
        return score._replace(video=video, values=values, probe=shares)

    def _video(self, seed: int, frames: int, should_stop: ShouldStop) -> Array | None:
        """Returns gray images `[T, H, W]` of a state agent's play: a twin of its game is drawn."""
        if self._twins is None:
            self._twins = self._make_twins()
        if not self._twins:
            return None
        played, shown = self._twins
        played.seed([seed])
        shown.seed([seed])
        observation, images = played.reset(), [shown.reset()[0, -1].copy()]
        while len(images) < frames:
            refuse_to_go_on(should_stop)
            action = self._policy.act(observation)
            image, step = shown.step(action), played.step(action)
            if step.last[0]:
                break
            observation = step.observation
            images.append(image.observation[0, -1].copy())
        return np.stack(images)

    def _make_twins(self) -> tuple[VectorEnv, ...]:
        looks = replace(self._config.env, obs="pixels", size=VIDEO_SIZE, frame_stack=1)
        try:
            shown = make_vector_env(looks, [0])
        except ConfigError:  # nothing to draw
            return ()
        return make_vector_env(self._config.env, [0]), shown


class StateProbe:
    """How much of the simulator's true state can be read off the convolutions' output linearly.

    The images come from scattered states where the simulator allows it, else from play with shares of
    random actions from 0 to 1. Of three environments one is to fit ridge regressions to, one to choose
    their penalty by, one to judge them by (linear probes: Alain and Bengio 2016, arXiv:1610.01644).

    Args:
        config: Which environment; it is observed as pixels.
        policy: Whose features, and who plays.
    """

    def __init__(self, config: Config, policy: GreedyPolicy) -> None:
        self._config, self._policy = config, policy
        self._scenes: tuple[Array, Array] | None = None
        self._simulator = family_of(config.env.id).simulator
        self._envs = [make_env(config.env) for _ in range(PROBE_ENVS if self._simulator else 0)]

    def __call__(self, should_stop: ShouldStop = refuse_to_stop) -> dict[str, float]:
        """Returns R² of each variable; for Atari games the mean over the bytes that vary, 0 at least.

        Raises:
            Interrupted: `should_stop()`, which is asked between any two steps.
        """
        if self._simulator is None:
            return {}
        images, states = self._scenes or self._play(self._simulator, should_stop)
        parts = np.array_split(images, -(-len(images) // FEATURE_ROWS))
        features = np.concatenate([self._policy.features(part) for part in parts])
        shares = decoded_share(features, states, np.arange(len(features)) % PROBE_ENVS % 3)
        names, pooled = self._simulator.names, self._simulator.pooled
        told = {name: share for name, share in zip(names, shares, strict=True) if np.isfinite(share)}
        if told and pooled:
            return {f"probe/r2_{pooled}": float(np.maximum(list(told.values()), 0.0).mean())}
        return {f"probe/r2_{name}": float(share) for name, share in told.items()}

    def _play(self, simulator: Simulator, should_stop: ShouldStop) -> tuple[Array, Array]:
        """Returns images `[N, S, H, W]` and true states `[N, V]`, of each environment in turn.

        Those of scattered states owe nothing to the agent: they are the same each time, and are kept.
        """
        env = SerialVectorEnv(self._envs, draw_seeds(self._config.seed, "probe", PROBE_ENVS))
        generator = make_generator(self._config.seed, "probe")
        play = EpsilonGreedyPolicy(self._policy, env.num_actions, generator).act
        epsilon = np.arange(PROBE_ENVS) // 3 / (PROBE_LEVELS - 1)
        randomize = simulator.randomize
        images, states, everywhere = [], [], randomize is not None
        observation = env.reset()
        for _ in range(-(-self._config.evaluation.probe_samples // PROBE_ENVS)):
            if randomize is not None:
                for one in self._envs:
                    randomize(one, generator)
            for _ in range(self._config.env.frame_stack):  # until the stack shows nothing from before
                refuse_to_go_on(should_stop)
                observation = env.step(play(observation, 1.0 if everywhere else epsilon)).observation
            images.append(observation.copy())
            states.append(np.stack([simulator.read(one) for one in self._envs]))
        scenes = np.concatenate(images), np.concatenate(states)
        self._scenes = scenes if everywhere else None
        return scenes
