"""The learner: an online network, its target, and the update."""

import copy
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.optimizer import StateDict

from agents.learning.backup import BackupRule, greedy
from agents.learning.batch import Batch
from agents.learning.shapes import expect
from agents.learning.target import Average, stat_layers
from agents.learning.values import Value
from models.q_network import QNetwork


class Update(NamedTuple):
    """Metrics of one update, kept on the device until read."""

    loss: Tensor  # []  sum over the gradient steps
    q: Tensor  # []  mean value of the actions taken, summed likewise
    priority: Tensor  # [B]  absolute error or divergence of each row


class DQN:
    """Deep Q-learning and its family (Mnih et al. 2015, doi:10.1038/nature14236, Alg. 1).

    Args:
        online: The network that learns; in train mode only inside `update`'s own forward pass.
        target: A network of the same shape; it becomes a copy of `online`. None: rewards are whole
            returns, and nothing is bootstrapped.
        optimizer: Over `online`'s parameters.
        value: Targets and losses of the networks' predictions.
        backup: Backup of the next state.
        double: Whether `online` chooses the next action (Double DQN) or `target` itself.
        tau: Share of `online` that flows into `target` after each update (Lillicrap et al. 2016,
            arXiv:1509.02971, Alg. 1); 0 where `copy_target` is called by the clock.
        max_grad_norm: The gradient's norm is clipped to this; None leaves it.
        ema_rate: Share of `online` that flows, after each update, into a running average of its
            parameters, the network to evaluate (Polyak and Juditsky 1992, doi:10.1137/0330046, in
            exponential form). 0 evaluates `online` itself.
        augment: Changes observations `[B, *obs]` at random before an update.
        generator: Draws noise, quantile levels and augmentations; on the networks' device.
    """

    def __init__(
        self,
        online: QNetwork,
        target: QNetwork | None,
        optimizer: torch.optim.Optimizer,
        *,
        value: Value,
        tau: float,
        generator: torch.Generator,
        backup: BackupRule = greedy,
        double: bool = False,
        max_grad_norm: float | None = None,
        ema_rate: float = 0.0,
        augment: Callable[[Tensor, torch.Generator], Tensor] | None = None,
    ) -> None:
        self.online, self.target, self.optimizer = online.eval(), target, optimizer
        self.ema_network = copy.deepcopy(online) if ema_rate else online
        """Network to evaluate and save: the average of `online` over time, or `online` itself."""
        self._value, self._backup, self._double = value, backup, double
        self._max_grad_norm, self._augment, self.generator = max_grad_norm, augment, generator
        self._parameters = list(online.parameters())
        networks = {"online": online, "target": target, "ema_network": self.ema_network}
        self._networks = {name: network for name, network in networks.items() if network is not None}
        averages = ((target, tau), (self.ema_network, ema_rate))
        self._averages = [
            Average(network, online, rate) for network, rate in averages if network is not None and rate
        ]
        self._noisy = [network for network in (online, target) if network is not None and network.is_noisy]
        self._stat_layers = stat_layers(online)
        self._targets_fixed = not (tau or double or self._noisy)  # between two copies of the target
        for network in self._networks.values():
            if network is not online:
                network.eval().requires_grad_(False)
        self.copy_target()
        self._draw_noise()

    @torch.no_grad()
    def td_target(self, batch: Batch) -> Tensor:
        """Return the target of each row, `[B]` or `[B, K]`."""
        if self.target is None:
            return self._value.target_of_return(batch.reward)
        target = self.target
        following = target.predict(batch.next_observation, self.generator)
        chooser = self.online.predict(batch.next_observation, self.generator) if self._double else following
        backup = self._backup(
            chooser.mean, lambda: target.predict(batch.observation, self.generator).mean, batch.action
        )
        return self._value.target(following, backup, batch.reward, batch.discount)

    def loss(self, batch: Batch, td_target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return losses, values and priorities `[B]` of the actions; gradients flow to `online`."""
        # Nothing else has a train mode; `online.train()` walks all modules, a tenth of a small update.
        for layer in self._stat_layers:
            layer.training = True
        prediction = self.online.predict(batch.observation, self.generator)
        for layer in self._stat_layers:
            layer.training = False
        taken = prediction.of(batch.action.unsqueeze(1))
        loss, priority = self._value.loss(taken, td_target)
        return loss, taken.mean.detach().squeeze(1), priority

    def update(self, batch: Batch, count: int = 1) -> Update:
        """Take `count` gradient steps, one on each of as many equal parts of a batch.

        All targets are computed at once if nothing that they depend on changes meanwhile.
        """
        expect("B, B, B, B", batch.action, batch.reward, batch.discount, batch.weight)
        if self._augment is not None:
            now = self._augment(batch.observation, self.generator)
            following = self._augment(batch.next_observation, self.generator)
            batch = batch._replace(observation=now, next_observation=following)
        if count == 1:
            return self._step(batch, None)
        parts = [Batch(*part) for part in zip(*(column.chunk(count) for column in batch), strict=True)]
        td_targets = self.td_target(batch).chunk(count) if self._targets_fixed else [None] * count
        steps = [self._step(part, td_target) for part, td_target in zip(parts, td_targets, strict=True)]
        loss, q, priority = zip(*steps, strict=True)
        return Update(torch.stack(loss).sum(), torch.stack(q).sum(), torch.cat(priority))

    def _step(self, batch: Batch, td_target: Tensor | None) -> Update:
        self._draw_noise()
        loss, q, priority = self.loss(batch, self.td_target(batch) if td_target is None else td_target)
        mean = (batch.weight * loss).mean()
        self.optimizer.zero_grad(set_to_none=True)
        mean.backward()  # type: ignore[no-untyped-call]
        if self._max_grad_norm is not None:
            nn.utils.clip_grad_norm_(self._parameters, self._max_grad_norm)
        self.optimizer.step()
        for average in self._averages:
            average.update()
        return Update(mean.detach(), q.mean(), priority)

    def _draw_noise(self) -> None:
        for network in self._noisy:
            network.resample(self.generator)

    def copy_target(self) -> None:
        """Copy parameters and running statistics into the target network."""
        if self.target is not None:
            self.target.load_state_dict(self.online.state_dict())

    def set_learning_rate(self, rate: float) -> None:
        """Set the optimiser's learning rate."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def state_dict(self) -> StateDict:
        """Return the networks, their noise, the optimiser and the generator."""
        return {name: network.state_dict() for name, network in self._networks.items()} | {
            "optimizer": self.optimizer.state_dict(),
            "noise": [network.noise for network in self._noisy],
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: StateDict) -> None:
        """Restore a `state_dict`."""
        for name, network in self._networks.items():
            network.load_state_dict(state[name])
        self.optimizer.load_state_dict(state["optimizer"])
        for network, noise in zip(self._noisy, state["noise"], strict=True):
            network.set_noise(noise)
        self.generator.set_state(state["generator"])
