"""State probe: how well the features predict the simulator's true state."""

import numpy as np
from numpy.typing import NDArray

from agents.acting.episodes import ShouldStop, never, play
from agents.acting.linear_probe import decoded_share
from agents.acting.policy import Array, EpsilonGreedyPolicy, GreedyPolicy
from agents.acting.rng import draw_seeds, make_generator
from agents.config import Config
from agents.runs.tags import R2
from envs.factory import make_env
from envs.families import family_of
from envs.families.family import Simulator
from envs.vector import SerialVectorEnv

PROBE_LEVELS = 4  # shares of random actions
PROBE_ENVS = 3 * PROBE_LEVELS


class StateProbe:
    """Linear decoding of the simulator's true state from the output of the convolutions.

    The images show random states if the simulator can be put into them, else episodes with shares of
    random actions from 0 to 1. Of every three environments, one fits ridge regressions, one chooses their
    penalty, one tests them (linear probes: Alain and Bengio 2016, arXiv:1610.01644).
    """

    def __init__(self, config: Config, policy: GreedyPolicy) -> None:
        self._config, self._policy = config, policy
        self._sample: tuple[Array, NDArray[np.float64]] | None = None
        probed = config.env.obs == "pixels" and config.evaluation.probe_samples
        self._simulator = family_of(config.env.id).simulator if probed else None
        self._envs = [make_env(config.env) for _ in range(PROBE_ENVS if self._simulator else 0)]

    def __call__(self, should_stop: ShouldStop = never) -> dict[str, float]:
        """Return R² by tag, of Atari games its mean over bytes that vary; empty if nothing is to be probed.

        Raises:
            Interrupted: `should_stop()`.
        """
        if self._simulator is None:
            return {}
        images, states = self._sample or self._collect(self._simulator, should_stop)
        parts = np.array_split(images, -(-len(images) // 256))  # batches of the network
        features = np.concatenate([self._policy.features(part) for part in parts])
        shares = decoded_share(features, states, np.arange(len(features)) % PROBE_ENVS % 3)
        names, pooled = self._simulator.names, self._simulator.pooled
        r2 = {name: float(share) for name, share in zip(names, shares, strict=True) if np.isfinite(share)}
        if r2 and pooled:
            return {f"{R2}{pooled}": float(np.maximum(list(r2.values()), 0.0).mean())}
        return {f"{R2}{name}": share for name, share in r2.items()}

    def _collect(self, simulator: Simulator, should_stop: ShouldStop) -> tuple[Array, NDArray[np.float64]]:
        """Return images `[N, S, H, W]` and true states `[N, V]`, of each environment in turn.

        Random states do not depend on the agent, so they are collected once.
        """
        env = SerialVectorEnv(self._envs, draw_seeds(self._config.seed, "probe", PROBE_ENVS))
        generator = make_generator(self._config.seed, "probe")
        randomize = simulator.randomize
        levels = np.arange(PROBE_ENVS) // 3 / (PROBE_LEVELS - 1)
        policy = EpsilonGreedyPolicy(self._policy, env.num_actions, generator, 1.0 if randomize else levels)
        images, states = [], []
        steps = play(env, policy, env.reset(), should_stop=should_stop)
        for _ in range(-(-self._config.evaluation.probe_samples // PROBE_ENVS)):
            if randomize:
                for one in self._envs:
                    randomize(one, generator)
            for _ in range(self._config.env.frame_stack):  # until the stack shows only the new state
                _, step = next(steps)
            images.append(step.observation.copy())
            states.append(np.stack([simulator.read(one) for one in self._envs]))
        sample = np.concatenate(images), np.concatenate(states)
        self._sample = sample if randomize else None
        return sample
