"""The learner: an online network, its target, and the update."""

import copy
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from agents.learning.batch import Batch
from agents.learning.targets import Loss, q_target
from models.q_network import QNetwork


class Update(NamedTuple):
    """What one update tells, left on the device until somebody asks."""

    loss: Tensor  # []  sum over the gradient steps
    q: Tensor  # []  mean value of the actions taken, summed likewise


class DQN:
    """Deep Q-learning (Mnih et al. 2015, doi:10.1038/nature14236, Alg. 1).

    Args:
        online: The network that learns; in train mode only inside `update`'s own forward pass.
        target: A network of the same shape; it becomes a copy of `online`.
        optimizer: Over `online`'s parameters.
        loss: Maps values and targets `[B], [B]` to `[B]`.
        double: Whether `online` chooses the next action (Double DQN) or `target` itself.
        tau: Share of `online` that flows into `target` after each update (Lillicrap et al. 2016,
            arXiv:1509.02971, Alg. 1); 0 where `copy_target` is called by the clock.
        max_grad_norm: The gradient's norm is clipped to this; None leaves it.
        average: Share of `online` that flows, after each update, into a running average of its
            parameters, the network to be judged (Polyak and Juditsky 1992, doi:10.1137/0330046, in
            exponential form): late in training single updates move the play more than they improve
            it. 0 judges `online` itself.
    """

    def __init__(
        self,
        online: QNetwork,
        target: QNetwork,
        optimizer: torch.optim.Optimizer,
        *,
        loss: Loss,
        double: bool,
        tau: float,
        max_grad_norm: float | None,
        average: float = 0.0,
    ) -> None:
        self.online, self.target, self.optimizer = online.eval(), target.eval(), optimizer
        self.judged = copy.deepcopy(online) if average else online
        """What is evaluated and kept: the average of `online` over time, or `online` itself."""
        self._average = average
        self._loss, self._double, self._tau = loss, double, tau
        self._max_grad_norm = max_grad_norm
        self._parameters = list(online.parameters())
        # BatchNorm's running statistics belong to the network as much as its weights do.
        self._online_tensors = [*self._parameters, *online.buffers()]
        self._target_tensors = [*target.parameters(), *target.buffers()]
        judged_tensors = [*self.judged.parameters(), *self.judged.buffers()]
        trios = zip(self._online_tensors, self._target_tensors, judged_tensors, strict=True)
        self._soft = [trio for trio in trios if trio[0].is_floating_point()]
        self._batch_norms = [m for m in online.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
        for follower in (target, self.judged) if average else (target,):
            follower.requires_grad_(False)
        self.copy_target()

    @torch.no_grad()
    def goal(self, batch: Batch) -> Tensor:
        """Returns each row's target, `[B]`."""
        target_q = self.target(batch.next_observation)
        chooser_q = self.online(batch.next_observation) if self._double else target_q
        return q_target(target_q, chooser_q, batch.reward, batch.discount)

    def loss(self, batch: Batch, goal: Tensor) -> tuple[Tensor, Tensor]:
        """Returns each row's loss `[B]` and the value of its action `[B]`; gradients flow to `online`."""
        # Nothing else has a train mode; `online.train()` walks all modules, a tenth of a small update.
        for layer in self._batch_norms:
            layer.training = True
        value = self.online(batch.observation).gather(1, batch.action.unsqueeze(1)).squeeze(1)
        for layer in self._batch_norms:
            layer.training = False
        return self._loss(value, goal), value

    def update(self, batch: Batch, count: int = 1) -> Update:
        """Takes `count` gradient steps, one on each of as many equal parts of a batch.

        Where nothing that the targets depend on moves meanwhile, they are computed at once.
        """
        if count == 1:
            return self._step(batch, self.goal(batch))
        parts = [Batch(*part) for part in zip(*(column.chunk(count) for column in batch), strict=True)]
        still = not (self._tau or self._double)
        goals = self.goal(batch).chunk(count) if still else [None] * count
        steps = [
            self._step(part, self.goal(part) if goal is None else goal)
            for part, goal in zip(parts, goals, strict=True)
        ]
        return Update(*(torch.stack(column).sum() for column in zip(*steps, strict=True)))

    def _step(self, batch: Batch, goal: Tensor) -> Update:
        loss, value = self.loss(batch, goal)
        mean = loss.mean()
        self.optimizer.zero_grad(set_to_none=True)
        mean.backward()  # type: ignore[no-untyped-call]
        if self._max_grad_norm is not None:
            nn.utils.clip_grad_norm_(self._parameters, self._max_grad_norm)
        self.optimizer.step()
        if self._tau or self._average:
            self._follow()
        return Update(mean.detach(), value.detach().mean())

    @torch.no_grad()
    def _follow(self) -> None:
        online, target, judged = zip(*self._soft, strict=True)
        if self._tau:
            torch._foreach_lerp_(target, online, self._tau)
        if self._average:
            torch._foreach_lerp_(judged, online, self._average)

    @torch.no_grad()
    def copy_target(self) -> None:
        """Copies parameters and running statistics into the target network."""
        torch._foreach_copy_(self._target_tensors, self._online_tensors)

    def set_learning_rate(self, rate: float) -> None:
        """Sets the optimiser's learning rate."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def state_dict(self) -> dict[str, Any]:
        """Returns the networks and the optimiser."""
        return {
            "online": self.online.state_dict(),
            "target": self.target.state_dict(),
            "judged": self.judged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        self.online.load_state_dict(state["online"])
        self.target.load_state_dict(state["target"])
        self.judged.load_state_dict(state["judged"])
        self.optimizer.load_state_dict(state["optimizer"])
