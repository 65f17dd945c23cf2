"""Evaluation protocols of Atari as data: what a published score was measured under.

A protocol fixes how the game is played, what reward the agent learns from, and how greedy it is when it
is measured. Scores of different protocols cannot be compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

ProtocolName = Literal["none", "nature", "machado", "ale-v5", "atari100k"]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """One set of rules; the raw score of full games is always what is measured."""

    summary: str
    source: str
    env: Mapping[str, Any]
    """Fields of `EnvConfig` that it fixes."""
    clip_reward: bool
    """Whether the agent learns from rewards clipped to [-1, 1]."""
    evaluation_epsilon: float
    """Probability of a random action while the agent is measured."""
    steps: int | None = None
    """Agent steps it allows; None: any number."""


PROTOCOLS: dict[str, Protocol] = {
    "nature": Protocol(
        summary="no sticky actions, a lost life ends the value, up to 30 no-ops, games of 5 minutes",
        source="Mnih et al. 2015, doi:10.1038/nature14236, Methods",
        env={
            "repeat_action_probability": 0.0,
            "zero_discount_on_life_loss": True,
            "noop_max": 30,
            "full_action_space": False,
            "max_frames": 18_000,
            "frame_skip": 4,
        },
        clip_reward=True,
        evaluation_epsilon=0.05,
    ),
    "machado": Protocol(
        summary="sticky actions .25, whole games only, all 18 actions, games of 5 minutes",
        source="Machado et al. 2018, arXiv:1709.06009",
        env={
            "repeat_action_probability": 0.25,
            "zero_discount_on_life_loss": False,
            "noop_max": 0,
            "full_action_space": True,
            "fire": False,
            "max_frames": 18_000,
        },
        clip_reward=True,
        evaluation_epsilon=0.01,
    ),
    "ale-v5": Protocol(
        summary="sticky actions .25, whole games only, the game's own actions, games of 30 minutes",
        source="Gymnasium's ALE/<Game>-v5, as ale-py registers it",
        env={
            "repeat_action_probability": 0.25,
            "zero_discount_on_life_loss": False,
            "noop_max": 0,
            "full_action_space": False,
            "max_frames": 108_000,
            "frame_skip": 4,
        },
        clip_reward=True,
        evaluation_epsilon=0.0,
    ),
    "atari100k": Protocol(
        summary="100,000 agent steps; no sticky actions, life loss, up to 30 no-ops, 30 minutes",
        source="Kaiser et al. 2020, arXiv:1903.00374; van Hasselt et al. 2019, arXiv:1906.05243",
        env={
            "repeat_action_probability": 0.0,
            "zero_discount_on_life_loss": True,
            "noop_max": 30,
            "full_action_space": False,
            "max_frames": 108_000,
            "frame_skip": 4,
        },
        clip_reward=True,
        evaluation_epsilon=0.001,
        steps=100_000,
    ),
}


def allowed_steps(name: str) -> int | None:
    """Returns the agent steps that a protocol allows; None: any number."""
    return None if name == "none" else PROTOCOLS[name].steps


def protocol_fields(name: str) -> dict[str, Any]:
    """Returns what a protocol fixes, by dotted name of the configuration; `none` fixes nothing."""
    if name == "none":
        return {}
    protocol = PROTOCOLS[name]
    return {
        **{f"env.{key}": value for key, value in protocol.env.items()},
        "returns.clip_reward": protocol.clip_reward,
        "evaluation.epsilon": protocol.evaluation_epsilon,
    }
