"""Environment families: each file holds all that is particular to some kinds of environments.

`family.py` is the type, `atari.py` and `classic.py` are the families: plain data, for presets and the
analysis of run folders too. To add a family, write its file and list it in `FAMILIES`; its own colour
images come through `own_images` of `envs/wrappers.py`. Presets with settings of their own for it ask
`family_of`, as `on_cartpole` in `agents/config/algorithms.py` does.
"""

import re

from envs.families.atari import ATARI
from envs.families.classic import ACROBOT, CARTPOLE, LUNAR_LANDER, MOUNTAIN_CAR
from envs.families.family import Family

GYMNASIUM = Family(name="gymnasium", pattern="")
"""Fallback: any registered environment with discrete actions."""

FAMILIES = (ATARI, CARTPOLE, ACROBOT, MOUNTAIN_CAR, LUNAR_LANDER, GYMNASIUM)
"""The first match counts."""


def family_of(env_id: str) -> Family:
    """Return the family of an id; the id alone decides.

    Example:
        >>> [family_of(env_id).name for env_id in ("ALE/Pong-v5", "CartPole-v1", "my_module:CartPole-v1")]
        ['atari', 'cartpole', 'gymnasium']
    """
    return next(family for family in FAMILIES if re.match(family.pattern, env_id))


def is_atari(env_id: str) -> bool:
    """Whether an id belongs to an Atari game."""
    return family_of(env_id) is ATARI


def reference_scores(env_id: str) -> tuple[float, float] | None:
    """Return published scores of a random player and of a human, if there are any."""
    name = env_id.rpartition("/")[2].partition("-v")[0]
    return family_of(env_id).reference_scores.get(name.lower())


def human_normalised(env_id: str, score: float) -> float | None:
    """Return the score scaled to random play = 0 and a human = 1, if both are published.

    Example:
        >>> human_normalised("ALE/Pong-v5", 14.6), human_normalised("CartPole-v1", 1.0)
        (1.0, None)
    """
    reference = reference_scores(env_id)
    if reference is None:
        return None
    random, human = reference
    return (score - random) / (human - random)
