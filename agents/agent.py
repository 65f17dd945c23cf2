"""Loading of a run: its best agent, to act and to be evaluated."""

from pathlib import Path
from typing import NamedTuple

from agents.acting.evaluator import held_out
from agents.acting.policy import GreedyPolicy
from agents.acting.score import Score
from agents.build import network_for
from agents.config import Config, ConfigError
from agents.runs.checkpoint import BestCheckpoint, read_best
from agents.runs.reader import read_config
from agents.training.hardware import pick_device, set_up_torch
from envs.spec import describe


class Agent(NamedTuple):
    """The best agent of a run."""

    config: Config
    policy: GreedyPolicy
    """`act` maps observations `[E, *obs]` to actions `[E]`, `values` to action values `[E, A]`."""
    checkpoint: BestCheckpoint


def load(folder: Path, device: str = "cpu") -> Agent:
    """Load the best agent of a run; the device is `auto`, `cpu` or `cuda`.

    Raises:
        ConfigError: the folder holds no run with an agent.
    """
    config = read_config(folder)
    set_up_torch(config)
    best, place = read_best(folder), pick_device(device)
    network = network_for(config, describe(config.env), place)
    try:
        network.load_state_dict(best.agent)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ConfigError(
            f"The agent in {folder} does not fit its configuration ({type(error).__name__}); restore "
            "checkpoint/best or config.json."
        ) from error
    return Agent(config, GreedyPolicy(network.eval(), place), best)


def evaluate(
    folder: Path, episodes: int = 100, seed: int = 0, device: str = "cpu", epsilon: float | None = None
) -> Score:
    """Evaluate the best agent of a run on held-out seeds; the device is `auto`, `cpu` or `cuda`.

    `seed` selects the held-out seeds; no training run uses them, whatever its seed. `epsilon` is the
    probability of a random action; None: that of the run's evaluations.

    Raises:
        ConfigError: as `load`.
    """
    agent = load(folder, device)
    epsilon = agent.config.evaluation.epsilon if epsilon is None else epsilon
    return held_out(agent.config, agent.policy, episodes, seed, epsilon)
