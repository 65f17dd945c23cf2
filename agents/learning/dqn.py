"""The learner: an online network, its target, and the update."""

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import _SpectralNorm

from agents.learning.backup import BackupRule, Greedy
from agents.learning.batch import Batch
from agents.learning.values import Value
from models.q_network import QNetwork

STAT_LAYERS = (
    nn.modules.batchnorm._BatchNorm,
    _SpectralNorm,
)  # layers whose statistics learn in train mode


class Update(NamedTuple):
    """What one update tells, left on the device until somebody asks."""

    loss: Tensor  # []  sum over the gradient steps
    q: Tensor  # []  mean value of the actions taken, summed likewise
    priority: Tensor  # [B]  how far each row was off


class DQN:
    """Deep Q-learning and its family (Mnih et al. 2015, doi:10.1038/nature14236, Alg. 1).

    Args:
        online: The network that learns; in train mode only inside `update`'s own forward pass.
        target: A network of the same shape; it becomes a copy of `online`. None: rewards are whole
            returns, and nothing is bootstrapped.
        optimizer: Over `online`'s parameters.
        value: What the network's numbers mean.
        backup: How the next state is backed up.
        double: Whether `online` chooses the next action (Double DQN) or `target` itself.
        tau: Share of `online` that flows into `target` after each update (Lillicrap et al. 2016,
            arXiv:1509.02971, Alg. 1); 0 where `copy_target` is called by the clock.
        max_grad_norm: The gradient's norm is clipped to this; None leaves it.
        ema_rate: Share of `online` that flows, after each update, into a running average of its
            parameters, the network to be judged (Polyak and Juditsky 1992, doi:10.1137/0330046, in
            exponential form): late in training single updates move the play more than they improve
            it. 0 judges `online` itself.
        augment: Changes observations `[B, *obs]` at random before they are learned from.
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
        backup: BackupRule | None = None,
        double: bool = False,
        max_grad_norm: float | None = None,
        ema_rate: float = 0.0,
        augment: Callable[[Tensor, torch.Generator], Tensor] | None = None,
    ) -> None:
        self.online, self.target, self.optimizer = online.eval(), target, optimizer
        self.ema_network = copy.deepcopy(online) if ema_rate else online
        """What is evaluated and kept: the average of `online` over time, or `online` itself."""
        self._value, self._backup, self._double = value, backup or Greedy(), double
        self._max_grad_norm, self._augment, self.generator = max_grad_norm, augment, generator
        self._parameters = list(online.parameters())
        self._follow_tau = [(target, tau)] if target is not None and tau else []
        self._follow_tau += [(self.ema_network, ema_rate)] if ema_rate else []
        self._pairs = [_blending(online, follower) for follower, _ in self._follow_tau]
        self._directions = [_directions(follower) for follower, _ in self._follow_tau]
        self._noisy = [network for network in (online, target) if network is not None and network.is_noisy]
        self._stat_layers = [module for module in online.modules() if isinstance(module, STAT_LAYERS)]
        self._targets_fixed = not (
            tau or double or self._noisy
        )  # whether targets stand still between copies
        for follower in (target, *(network for network, _ in self._follow_tau)):
            if follower is not None:
                follower.eval().requires_grad_(False)
        self.copy_target()
        self._draw_noise()

    @torch.no_grad()
    def td_target(self, batch: Batch) -> Tensor:
        """Returns what each row is to learn, `[B]` or `[B, K]`."""
        value, rows = self._value, len(batch.action)
        if self.target is None:
            nothing = batch.reward.new_zeros(rows, 1, value.size)
            backup = Greedy()(nothing[:, :, 0], lambda: nothing[:, :, 0], batch.action)
            return value.target(nothing, backup, batch.reward, batch.discount)
        target, following = self.target, batch.next_observation
        numbers = self._predict(target, following)
        chooser = value.mean(self._predict(self.online, following) if self._double else numbers)
        backup = self._backup(
            chooser, lambda: value.mean(self._predict(target, batch.observation)), batch.action
        )
        return value.target(numbers, backup, batch.reward, batch.discount)

    def _predict(self, network: QNetwork, observation: Tensor) -> Tensor:
        return network.predict(observation, self._value.draw_taus(len(observation), self.generator))

    def loss(self, batch: Batch, td_target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns each row's loss, value of its action, and priority, `[B]`; gradients flow to `online`."""
        taus = self._value.draw_taus(len(batch.action), self.generator)
        # Nothing else has a train mode; `online.train()` walks all modules, a tenth of a small update.
        for layer in self._stat_layers:
            layer.training = True
        every = self.online.predict(batch.observation, taus)
        for layer in self._stat_layers:
            layer.training = False
        numbers = every.gather(1, batch.action.view(-1, 1, 1).expand(-1, 1, every.shape[2]))  # [B, 1, K]
        loss, priority = self._value.loss(numbers.squeeze(1), td_target, taus)
        return loss, self._value.mean(numbers.detach()).squeeze(1), priority

    def update(self, batch: Batch, count: int = 1) -> Update:
        """Takes `count` gradient steps, one on each of as many equal parts of a batch.

        Where nothing that the targets depend on moves meanwhile, they are computed at once.
        """
        if self._augment is not None:
            now, then = batch.observation, batch.next_observation
            batch = batch._replace(
                observation=self._augment(now, self.generator),
                next_observation=self._augment(then, self.generator),
            )
        if count == 1:
            return self._step(batch, None)
        parts = [Batch(*part) for part in zip(*(column.chunk(count) for column in batch), strict=True)]
        td_targets = self.td_target(batch).chunk(count) if self._targets_fixed else [None] * count
        steps = [self._step(part, td_target) for part, td_target in zip(parts, td_targets, strict=True)]
        loss, q, priority = zip(*steps, strict=True)
        return Update(torch.stack(loss).sum(), torch.stack(q).sum(), torch.cat(priority))

    def _step(self, batch: Batch, td_target: Tensor | None) -> Update:
        self._draw_noise()
        loss, value, priority = self.loss(batch, self.td_target(batch) if td_target is None else td_target)
        mean = (batch.weight * loss).mean()
        self.optimizer.zero_grad(set_to_none=True)
        mean.backward()  # type: ignore[no-untyped-call]
        if self._max_grad_norm is not None:
            nn.utils.clip_grad_norm_(self._parameters, self._max_grad_norm)
        self.optimizer.step()
        self._follow()
        return Update(mean.detach(), value.mean(), priority)

    def _draw_noise(self) -> None:
        for network in self._noisy:
            network.resample(self.generator)

    @torch.no_grad()
    def _follow(self) -> None:
        for (_, share), (own, followed) in zip(self._follow_tau, self._pairs, strict=True):
            torch._foreach_lerp_(own, followed, share)
        for vectors in self._directions:
            if vectors:
                torch._foreach_div_(vectors, torch._foreach_norm(vectors))

    @torch.no_grad()
    def copy_target(self) -> None:
        """Copies parameters and running statistics into the target network."""
        if self.target is not None:
            torch._foreach_copy_(_tensors(self.target), _tensors(self.online))

    def set_learning_rate(self, rate: float) -> None:
        """Sets the optimiser's learning rate."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def state_dict(self) -> dict[str, Any]:
        """Returns the networks, their noise, the optimiser and the generator."""
        state: dict[str, Any] = {
            name: network.state_dict() for name, network in self._networks().items() if network is not None
        }
        return state | {
            "optimizer": self.optimizer.state_dict(),
            "noise": [network.noise for network in self._noisy],
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        for name, network in self._networks().items():
            if network is not None:
                network.load_state_dict(state[name])
        self.optimizer.load_state_dict(state["optimizer"])
        for network, noise in zip(self._noisy, state["noise"], strict=True):
            network.set_noise(noise)
        self.generator.set_state(state["generator"])

    def _networks(self) -> dict[str, QNetwork | None]:
        return {"online": self.online, "target": self.target, "ema_network": self.ema_network}


def _tensors(network: nn.Module) -> list[Tensor]:
    """Parameters and buffers: BatchNorm's running statistics belong to a network as much as its weights."""
    return [*network.parameters(), *network.buffers()]


def _directions(network: nn.Module) -> list[Tensor]:
    """Returns the singular vectors of spectral norms, whose length blending would change."""
    norms = [module for module in network.modules() if isinstance(module, _SpectralNorm)]
    return [vector for norm in norms for vector in norm.buffers()]


def _blending(leader: nn.Module, follower: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """Returns what of a follower blends, and the leader's counterparts."""
    pairs = zip(_tensors(follower), _tensors(leader), strict=True)
    blending = [pair for pair in pairs if pair[0].is_floating_point()]
    own, led = zip(*blending, strict=True)
    return list(own), list(led)
