"""The agent that a run kept, at work: measured on held-out seeds."""

from pathlib import Path
from typing import Any

from agents.acting.episodes import Score, evaluate
from agents.acting.evaluations import play_of
from agents.acting.policy import GreedyPolicy
from agents.acting.rng import draw_seeds, make_generator
from agents.build import network_for
from agents.config import Config, ConfigError
from agents.runs.documents import read_config
from agents.runs.folder import read_best
from agents.training.hardware import pick_device, set_up_torch
from envs.factory import make_vector_env
from envs.spec import describe


def load_policy(folder: Path, device: str = "cpu") -> tuple[Config, GreedyPolicy, dict[str, Any]]:
    """Returns the configuration, the kept agent and the note of where it came from.

    Raises:
        ConfigError: the folder holds no run with a kept agent.
    """
    config = read_config(folder)
    set_up_torch(config)
    best = read_best(folder)
    place = pick_device(device)
    network = network_for(config, describe(config.env), place)
    try:
        network.load_state_dict(best["agent"])
        note: dict[str, Any] = dict(best["note"])
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ConfigError(
            f"The agent kept in {folder} is not one of its configuration ({type(error).__name__}); restore "
            "checkpoint/best.pt or config.json."
        ) from error
    return config, GreedyPolicy(network.eval(), place), note


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
    env = make_vector_env(config.env, seeds, max_steps=config.evaluation.max_steps)
    try:
        return evaluate(play_of(policy, env, config, make_generator(seed, "held_out")), env, episodes)
    finally:
        env.close()
