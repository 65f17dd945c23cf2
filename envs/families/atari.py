"""Atari games of the Arcade Learning Environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from envs.atari.scores import SCORES
from envs.families.family import Family, ReferenceScores, Simulator

if TYPE_CHECKING:
    import gymnasium as gym
    from numpy.typing import NDArray

RAM_BYTES = 128
ROMS = {rom.replace("_", ""): rom for rom in SCORES}


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
    make="envs.atari.factory:make_game",
    images=None,
    make_vector="envs.atari.factory:make_native",
    has_time_limit=True,
    simulator=Simulator(
        names=tuple(f"ram{byte}" for byte in range(RAM_BYTES)), read=_read_ram, pooled="ram"
    ),
    reference_scores=_reference_scores,
)
