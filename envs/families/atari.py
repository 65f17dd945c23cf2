"""Atari games of the Arcade Learning Environment."""

import numpy as np

from envs.atari.scores import SCORES
from envs.families.family import Family, Simulator

RAM = tuple(f"ram{byte}" for byte in range(128))
ATARI = Family(
    name="atari",
    pattern=r"(.+:)?ALE/",
    make="envs.atari.factory:make_game",
    images=None,
    make_vector="envs.atari.factory:make_native",
    has_time_limit=True,
    video_size=(105, 80),
    variable_names=RAM,
    simulator=Simulator(
        names=RAM,
        read=lambda env: np.array(env.get_wrapper_attr("ale").getRAM(), np.float64),
        pooled="ram",
    ),
    reference_scores={rom.replace("_", ""): scores for rom, scores in SCORES.items()},
)
