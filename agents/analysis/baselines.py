"""Training curves of Dopamine's Atari baselines, and a run's place among them.

Castro et al. 2018, arXiv:1812.06110; `dopamine.json` holds, for each game and agent, the mean return of the
training games in each 250,000 agent steps up to 5 million, of 5 seeds: `baselines/atari/data/*_CNN.json`
of github.com/google/dopamine at commit 9f616b9 (Apache License 2.0). Rules of the protocol `ale-v5`; ε
falls to .01 within 250,000 steps, and FIRE is never pressed for the agent.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from agents.analysis.statistics import Array
from agents.runs.reader import Run
from agents.runs.tags import EPISODES, TRAINING
from envs.families import is_atari

BLOCK = 250_000  # agent steps of one mean
PROTOCOL = "ale-v5"
_FILE = Path(__file__).with_name("dopamine.json")

Returns = Sequence[float]
"""Mean training return in each block of 250,000 agent steps."""


@cache
def _games() -> Mapping[str, Mapping[str, Returns]]:
    return json.loads(_FILE.read_text())  # type: ignore[no-any-return]


def baselines(env_id: str) -> Mapping[str, Returns]:
    """Return the published curves of a game by agent; none of other environments.

    Example:
        >>> baselines("ALE/Pong-v5")["QR-DQN"][3], baselines("CartPole-v1")
        (7.36, {})
    """
    name = env_id.rpartition("/")[2].partition("-v")[0].lower()
    return _games().get(name, {}) if is_atari(env_id) else {}


def training_returns(run: Run) -> Array:
    """Return the mean return of the training games in each whole block of a run, `[B]`.

    A block in which no game ended is NaN.
    """
    if TRAINING not in run.curves or EPISODES not in run.curves:
        return np.zeros(0)
    steps, returns, _ = run.curves[TRAINING]
    ended = run.curves[EPISODES]
    blocks = int(ended.steps[-1]) // BLOCK
    means = np.full(blocks, np.nan)
    counts = np.diff(ended.values, prepend=0.0)[np.searchsorted(ended.steps, steps)]
    block = (steps - 1) // BLOCK
    for index in np.unique(block[block < blocks]):
        inside = block == index
        means[index] = np.average(returns[inside], weights=np.maximum(counts[inside], 1.0))
    return means


def standing(*, is_ahead: bool, is_behind: bool) -> str:
    """Return a run's place among others, in words."""
    return "Ahead" if is_ahead else "Behind" if is_behind else "On track"


def against_baselines(run: Run) -> str | None:
    """Compare the newest block of a run with the baselines' at the same steps; None: nothing to compare."""
    curves = baselines(run.config["env.id"])
    ours = training_returns(run)
    known = min(len(ours), *map(len, curves.values())) if curves and same_rules(run) else 0
    if not known or np.isnan(own := ours[known - 1]):
        return None
    theirs = {agent: curve[known - 1] for agent, curve in curves.items()}
    word = standing(is_ahead=own > max(theirs.values()), is_behind=own < min(theirs.values()))
    listed = ", ".join(f"{agent} {value:.1f}" for agent, value in theirs.items())
    return (
        f"{word}: the training games of the {BLOCK:,} steps up to {known * BLOCK:,} returned {own:.1f}; "
        f"those of Dopamine's baselines (means of 5 seeds) {listed}."
    )


def same_rules(run: Run) -> bool:
    """Return whether a run sees the game as the baselines do, under the same rules."""
    names = ("env.protocol", "env.obs", "env.mode", "env.difficulty")
    return [run.config[name] for name in names] == [PROTOCOL, "pixels", None, None]
