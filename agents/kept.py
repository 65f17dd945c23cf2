"""The agent that a run kept, at work: measured on held-out seeds, or played for a recording."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from agents.build import network_for, play_of
from agents.config import Config
from agents.learning.policy import Array, GreedyPolicy
from agents.training import run_folder
from agents.training.evaluation import Score, evaluate
from agents.training.machine import pick_device, set_up_torch
from agents.training.rng import draw_seeds, make_generator
from envs.factory import make_vector_env


def load_policy(folder: Path, device: str = "cpu") -> tuple[Config, GreedyPolicy, dict[str, Any]]:
    """Returns the configuration, the kept agent and the note of where it came from.

    Raises:
        ConfigError: the folder holds no run with a kept agent.
    """
    config = run_folder.read_config(folder)
    set_up_torch(config)
    best = run_folder.read_best(folder)
    env = make_vector_env(config.env, [0])
    network = network_for(config, env)
    env.close()
    network.load_state_dict(best["agent"])
    place = pick_device(device)
    return config, GreedyPolicy(network.to(place).eval(), place), best["note"]


def evaluate_run(folder: Path, episodes: int, seed: int, device: str = "cpu") -> Score:
    """Plays the kept agent of a run greedily on held-out seeds.

    Args:
        folder: The run's.
        episodes: Whole episodes.
        seed: Decides the held-out seeds; none of them is used in training, whatever its seed.
        device: Where the network lives.
    """
    config, policy, _ = load_policy(folder, device)
    seeds = draw_seeds(seed, "held_out", min(config.evaluation.num_envs, episodes))
    env = make_vector_env(config.env, seeds)
    try:
        return evaluate(play_of(policy, env, config, make_generator(seed, "held_out")), env, episodes)
    finally:
        env.close()


class Shot(NamedTuple):
    """One moment of a play."""

    screen: Array  # [H, W, 3] uint8
    stack: Array | None  # [S, h, w] uint8, what a pixel agent sees
    frame: int  # counted from 0 in each episode
    episode: int  # counted from 1


class Play:
    """A run's kept agent playing greedily, shot by shot.

    Args:
        folder: The run's.
        episodes: Episodes to play.
        seed: Decides how the episodes start.
        max_shots: Stop after this many shots.
    """

    def __init__(self, folder: Path, episodes: int, seed: int, max_shots: int) -> None:
        config, self._policy, _ = load_policy(folder)
        self._env = make_vector_env(config.env, draw_seeds(seed, "recording", 1), screen=True)
        self._pixels = config.env.obs == "pixels"
        self._episodes, self._max_shots = episodes, max_shots
        self.title = f"{config.env.id} from {config.env.obs} ({config.preset}, seed {config.seed})"
        self.fps = self._env.render_fps
        self.returns: list[float] = []
        """Returns of the episodes that have ended."""

    def shots(self) -> Iterator[Shot]:
        """Plays and yields every frame, except the one after an episode's end."""
        observation, total, frame = self._env.reset(), 0.0, 0
        for _ in range(self._max_shots):
            stack = observation[0].copy() if self._pixels else None
            yield Shot(self._env.render(), stack, frame, len(self.returns) + 1)
            step = self._env.step(self._policy.act(observation))
            observation, frame = step.observation, frame + 1
            total += float(step.reward[0])
            if step.last[0]:
                self.returns.append(total)
                total, frame = 0.0, 0
                if len(self.returns) == self._episodes:
                    return
