"""Atari games of the Arcade Learning Environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from envs.atari.scores import SCORES
from envs.families.family import Family, ReferenceScores, Simulator

if TYPE_CHECKING:
    import gymnasium as gym
    from numpy.typing import NDArray

    from envs.config import EnvConfig
    from envs.vector import VectorEnv

RAM_BYTES = 128
ROMS = {rom.replace("_", ""): rom for rom in SCORES}


def _make_game(config: EnvConfig, drawn: bool) -> gym.Env[Any, Any]:  # noqa: ARG001
    from envs.atari.factory import make_game

    return make_game(config)


def _make_native(config: EnvConfig, seeds: Sequence[int]) -> VectorEnv | None:
    from envs.atari.factory import make_native

    return make_native(config, seeds)


def _read_ram(env: gym.Env[Any, Any]) -> NDArray[np.float64]:
    base: Any = env.unwrapped
    return np.array(base.ale.getRAM(), np.float64)


def _reference_scores(env_id: str) -> ReferenceScores | None:
    name = env_id.rpartition("/")[2].partition("-v")[0]
    rom = ROMS.get(name.lower())
    return None if rom is None else ReferenceScores(*SCORES[rom])


ATARI = Family(
    name="atari",
    pattern=r"(.+:)?ALE/",
    make=_make_game,
    images=lambda env, _config: env,  # a game observes its screen, small and gray, by itself
    images_are_rendered=False,
    make_vector=_make_native,
    has_time_limit=True,
    simulator=Simulator(
        names=tuple(f"ram{byte}" for byte in range(RAM_BYTES)), read=_read_ram, pooled="ram"
    ),
    reference_scores=_reference_scores,
)
