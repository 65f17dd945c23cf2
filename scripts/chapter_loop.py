"""The chapter's own training loop, as printed in the book: baseline of the `chapter` preset.

One environment, a `deque` of transitions, a `DataLoader` that draws and collates them item by item,
an MLP with BatchNorm. It stops at `terminated` only, as printed, so an episode can outlast the time
limit of 500 steps; `--max-steps` truncates such an episode. Prints one line of
JSON: seconds, updates and the greedy score.
"""

import copy
import json
import sys
import time
from collections import deque
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, RandomSampler

from agents.cli.arguments import ChapterArguments
from agents.cli.guard import StopSignal, guarded
from agents.cli.parser import parse

EPISODES, UPDATES, BATCH, MEMORY, GAMMA, COPY_EVERY = 100, 1_000, 32, 10_000, 0.99, 5


class Memory(Dataset[Any]):
    """Transitions, oldest dropped."""

    def __init__(self) -> None:
        self.items: deque[Any] = deque(maxlen=MEMORY)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.items[index]


def make_net() -> nn.Module:
    """Return the chapter's MLP: 4-128-64-2."""
    return nn.Sequential(
        nn.Linear(4, 128, bias=False),
        nn.BatchNorm1d(128),
        nn.ReLU(),
        nn.Linear(128, 64, bias=False),
        nn.BatchNorm1d(64),
        nn.ReLU(),
        nn.Linear(64, 2),
    )


@torch.no_grad()
def greedy(net: nn.Module, observation: Any) -> int:
    """Return the action of the highest value."""
    net.eval()
    return int(net(torch.as_tensor(observation).unsqueeze(0)).argmax())


def play(env: Any, net: nn.Module, epsilon: float, memory: Memory | None, max_steps: int) -> int:
    """Play an episode to its termination; return its length."""
    observation, _ = env.reset()
    for step in range(1, max_steps + 1):
        explore = np.random.rand() < epsilon
        action = int(env.action_space.sample()) if explore else greedy(net, observation)
        next_observation, reward, terminated, _, _ = env.step(action)
        if memory is not None:
            memory.items.append((observation, action, np.float32(reward), next_observation, terminated))
        observation = next_observation
        if terminated:
            break
    return step


def update(net: nn.Module, target: nn.Module, optimizer: Any, batch: list[Tensor]) -> None:
    """Take one gradient step."""
    observation, action, reward, next_observation, terminated = batch
    target.eval()
    with torch.no_grad():
        td_target = reward + GAMMA * target(next_observation).max(1).values * (~terminated)
    net.train()
    value = net(observation).gather(1, action.unsqueeze(1)).squeeze(1)
    loss = nn.functional.smooth_l1_loss(value, td_target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def epsilons(episodes: int) -> Any:
    """Return ε of each episode, `[episodes]`: annealed over the first `EPISODES`."""
    return np.interp(np.arange(episodes), [0, EPISODES - 1], [0.5, 0.005])


@guarded
def main(stop: StopSignal) -> None:
    """Train and print the result."""
    arguments = parse(ChapterArguments, sys.argv[1:])
    stop.interrupt()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    np.random.seed(arguments.seed)
    env = gym.make("CartPole-v1").unwrapped
    env.reset(seed=arguments.seed)
    env.action_space.seed(arguments.seed)
    net = make_net()
    target = copy.deepcopy(net)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    memory, updates = Memory(), 0
    started = time.perf_counter()
    for episode, epsilon in enumerate(epsilons(arguments.episodes)):
        play(env, net, float(epsilon), memory, arguments.max_steps)
        sampler = RandomSampler(memory, replacement=True, num_samples=UPDATES * BATCH)
        for batch in DataLoader(memory, batch_size=BATCH, sampler=sampler):
            update(net, target, optimizer, batch)
            updates += 1
        if (episode + 1) % COPY_EVERY == 0:
            target.load_state_dict(net.state_dict())
    seconds = time.perf_counter() - started
    scores = [play(gym.make("CartPole-v1").unwrapped, net, 0.0, None, 500) for _ in range(100)]
    print(json.dumps({"seconds": seconds, "updates": updates, "mean": float(np.mean(scores))}))


if __name__ == "__main__":
    sys.exit(main())
