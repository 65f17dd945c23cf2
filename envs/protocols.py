"""Evaluation protocols of Atari, as data.

A protocol fixes the rules of the game and ε during evaluation, and clips the rewards that the agent learns
from to [-1, 1]. Scores measured under different protocols cannot be compared.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

ProtocolName = Literal["none", "nature", "machado", "ale-v5", "atari100k"]


class Protocol(NamedTuple):
    """Published rules; the score is always the raw return of whole games."""

    summary: str
    env: Mapping[str, Any]  # fields of `EnvConfig` that it fixes
    evaluation_epsilon: float  # probability of a random action during evaluation
    steps: int | None = None  # agent steps allowed for training; None: any number


_NATURE_ENV = {
    "repeat_action_probability": 0.0,
    "zero_discount_on_life_loss": True,
    "noop_max": 30,
    "full_action_space": False,
    "max_frames": 18_000,
    "frame_skip": 4,
}
_MACHADO_ENV = {
    "repeat_action_probability": 0.25,
    "zero_discount_on_life_loss": False,
    "noop_max": 0,
    "full_action_space": True,
    "max_frames": 18_000,
}

PROTOCOLS: dict[str, Protocol] = {
    "nature": Protocol(  # Mnih et al. 2015, doi:10.1038/nature14236, Methods
        summary="no sticky actions, a lost life ends the value, up to 30 no-ops, games of 5 minutes",
        env=_NATURE_ENV,
        evaluation_epsilon=0.05,
    ),
    "machado": Protocol(  # Machado et al. 2018, arXiv:1709.06009
        summary="sticky actions .25, whole games only, all 18 actions, games of 5 minutes",
        env=_MACHADO_ENV | {"fire": False},
        evaluation_epsilon=0.01,
    ),
    "ale-v5": Protocol(  # Gymnasium's ALE/<Game>-v5, as ale-py registers it
        summary="sticky actions .25, whole games only, the game's own actions, games of 30 minutes",
        env=_MACHADO_ENV | {"full_action_space": False, "max_frames": 108_000, "frame_skip": 4},
        evaluation_epsilon=0.0,
    ),
    # Kaiser et al. 2020, arXiv:1903.00374; van Hasselt et al. 2019, arXiv:1906.05243
    "atari100k": Protocol(
        summary="100,000 agent steps; no sticky actions, life loss, up to 30 no-ops, 30 minutes",
        env=_NATURE_ENV | {"max_frames": 108_000},
        evaluation_epsilon=0.001,
        steps=100_000,
    ),
}


def allowed_steps(name: str) -> int | None:
    """Return the agent steps allowed by a protocol; None: any number."""
    return None if name == "none" else PROTOCOLS[name].steps


def protocol_fields(name: str) -> dict[str, Any]:
    """Return the fields fixed by a protocol, by dotted name; `none` fixes nothing."""
    if name == "none":
        return {}
    protocol = PROTOCOLS[name]
    fields = {f"env.{key}": value for key, value in protocol.env.items()}
    return fields | {"returns.clip_reward": True, "evaluation.epsilon": protocol.evaluation_epsilon}
