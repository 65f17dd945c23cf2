"""Check of the configured image before training on it."""

from itertools import islice

import numpy as np

from agents.acting.episodes import play
from agents.acting.policy import RandomPolicy
from agents.config import ConfigError
from envs.config import EnvConfig
from envs.factory import make_vector_env

CHECK_STEPS = 30


def check_image(config: EnvConfig, seed: int) -> None:
    """Play a few random steps to detect a blank or constant image.

    Raises:
        ConfigError: the image is one colour, or the same at every step.
    """
    env = make_vector_env(config, [seed])
    policy = RandomPolicy(env.num_actions, np.random.default_rng(seed))
    observation = env.reset()
    first = observation[0].copy()
    changes = False
    for _, step in islice(play(env, policy, observation), CHECK_STEPS):
        changes |= not np.array_equal(step.next_observation[0], first)
    env.close()
    if not np.ptp(first, axis=(1, 2)).any():
        raise ConfigError(
            f"The image of {config.id} is blank; check --env.crop and --env.size, or use --obs state."
        )
    if not changes:
        raise ConfigError(
            f"The image of {config.id} never changes in {CHECK_STEPS} random steps; check "
            "--env.crop and --env.size, or use --obs state."
        )
