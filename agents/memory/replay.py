"""Replay memory that stores each frame once."""

import cv2
import numpy as np
import torch
from numpy.typing import DTypeLike
from torch import Tensor
from torch.optim.optimizer import StateDict

from agents.learning.batch import Batch
from agents.memory.prioritized import PrioritizedSampler
from agents.memory.sampling import UPDATES_AT_ONCE, Array, Draw, UniformSampler

ROWS_AT_ONCE = 4_096  # of a saved array


class Replay:
    """The newest transitions of several environments, sampled as n-step transitions.

    Each environment has a ring of T rows with one frame each. Row t holds the frame observed,
    the action taken and its outcome; the next frame is in row t + 1, also at the end of an episode,
    where a closing row holds the true last frame and is never drawn. Stacks are assembled from earlier
    rows of the episode; at its start the first frame repeats. A row can be drawn once its n-th
    successor is stored or its episode has ended, until the oldest frame of its stack is overwritten.

    n-step returns are those of Sutton and Barto 2018, eq. 7.1, truncated at the end of the episode; a
    truncated episode bootstraps from its true last frame (Pardo et al. 2018, arXiv:1712.00378).

    Args:
        capacity: Rows in total; an episode of L steps takes L + 1.
        num_envs: E.
        observation_shape: `[S * planes, *rest]`: `[S, H, W]` for gray frames, `[D]` for a state vector.
        frame_stack: S, frames along the first axis of an observation, newest last.
        dtype: The observations' numpy type.
        n_step: Steps from an observation to the one it bootstraps from.
        gamma: Discount per step.
        generator: Draws the rows; saved with the memory.
        priority_exponent: α of prioritised sampling; 0: uniform sampling.

    Raises:
        ValueError: the capacity is too small for stack, n and the number of environments.
    """

    def __init__(
        self,
        *,
        capacity: int,
        num_envs: int,
        observation_shape: tuple[int, ...],
        frame_stack: int,
        dtype: DTypeLike,
        n_step: int,
        gamma: float,
        generator: np.random.Generator,
        priority_exponent: float = 0.0,
    ) -> None:
        planes, *rest = observation_shape
        self._stack, self._planes, self._n = frame_stack, planes // frame_stack, n_step
        self._length = capacity // num_envs
        least = self._stack + n_step + 2
        if self._length < least:
            raise ValueError(
                f"--memory.capacity {capacity} is too small for {num_envs} environments, stack "
                f"{self._stack} and n {n_step}; make it at least {least * num_envs}."
            )
        rows = self._length * num_envs
        self._frames = np.zeros((rows, self._planes, *rest), dtype)
        self._action = np.zeros(rows, np.int64)
        self._reward = np.zeros(rows, np.float32)
        self._terminated = np.zeros(rows, np.bool_)
        self._last = np.zeros(rows, np.bool_)
        self._age = np.zeros(rows, np.uint8)  # earlier frames of the episode, capped
        self._oldest = max(self._stack - 1, 1)
        self._sampler = (
            PrioritizedSampler(rows, generator, priority_exponent)
            if priority_exponent
            else UniformSampler(rows, generator)
        )
        self.block = 1 if priority_exponent else UPDATES_AT_ONCE
        """Updates whose batches may be drawn at once."""
        self._generator = generator
        self._base = np.arange(num_envs) * self._length
        self._cursor = np.zeros(num_envs, np.int64)  # row of the observation to act on
        self._waiting = np.zeros(num_envs, np.int64)  # newest rows without n successors
        self._wrapped = False
        self._back = np.arange(self._stack - 1, -1, -1)
        self._forward = np.arange(n_step)
        self._gammas = (gamma ** np.arange(n_step + 1)).astype(np.float32)
        self._images: dict[int, tuple[Array, ...]] = {}

    def __len__(self) -> int:
        """Return the number of rows to draw from."""
        return len(self._sampler)

    def start(self, observation: Array) -> None:
        """Store the first observations `[E, *obs]` of all environments."""
        self._write(np.arange(len(self._base)), self._newest(observation), first=True)

    def add(
        self,
        action: Array,
        reward: Array,
        terminated: Array,
        last: Array,
        next_observation: Array,
        observation: Array,
    ) -> None:
        """Add one step of every environment; all arguments have a leading axis E.

        Args:
            action: The actions taken.
            reward: Their rewards.
            terminated: No value follows.
            last: The episode stops here, truly or by truncation.
            next_observation: The true successor.
            observation: The next observation to act on; differs if `last`.
        """
        rows = self._base + self._cursor
        self._action[rows] = action
        self._reward[rows] = reward
        self._terminated[rows] = terminated
        self._last[rows] = last
        self._waiting += 1
        self._advance(np.arange(len(rows)), self._newest(next_observation), first=False)
        if last.any():
            ended = np.flatnonzero(last)
            self._begin_episode(ended, self._newest(observation)[ended])
        complete = np.flatnonzero(self._waiting == self._n)
        if len(complete):
            self._sampler.add(self._rows(complete, -self._n))
            self._waiting[complete] -= 1

    def truncate(self, observation: Array) -> None:
        """Truncate the current episodes; new ones start from `observation` `[E, *obs]`."""
        begun = self._age[self._base + self._cursor] > 0
        self._frames[(self._base + self._cursor)[~begun]] = self._newest(observation)[~begun]
        envs = np.flatnonzero(begun)
        self._last[self._rows(envs, -1)] = True
        self._begin_episode(envs, self._newest(observation)[envs])

    def _begin_episode(self, envs: Array, frames: Array) -> None:
        """Add the waiting rows of ended episodes to the sampler; start the next episodes."""
        for e in envs:
            self._sampler.add(self._rows(e, np.arange(-self._waiting[e], 0)))
        self._waiting[envs] = 0
        self._advance(envs, frames, first=True)

    def _newest(self, observation: Array) -> Array:
        return observation[:, -self._planes :]

    def _rows(self, envs: Array, steps: int | Array) -> Array:
        """Return the rows that lie some steps after the cursors."""
        return self._base[envs] + (self._cursor[envs] + steps) % self._length

    def _advance(self, envs: Array, frames: Array, *, first: bool) -> None:
        self._cursor[envs] = (self._cursor[envs] + 1) % self._length
        self._wrapped = self._wrapped or bool((self._cursor[envs] == 0).any())
        self._write(envs, frames, first=first)

    def _write(self, envs: Array, frames: Array, *, first: bool) -> None:
        """Write frames at the cursors and remove the rows whose stacks lose a frame."""
        rows = self._rows(envs, 0)
        if self._wrapped:
            self._sampler.remove(rows)
            for distance in range(1, self._stack):
                later = self._rows(envs, distance)
                self._sampler.remove(later[self._age[later] >= distance])
        self._frames[rows] = frames
        self._age[rows] = 0 if first else np.minimum(self._age[self._rows(envs, -1)] + 1, self._oldest)
        self._last[rows] = False

    def update_priorities(self, indices: Tensor, error: Tensor) -> None:
        """Set the priorities of a batch, from its indices and errors `[B], [B]`."""
        if isinstance(self._sampler, PrioritizedSampler):
            self._sampler.update_priorities(indices.numpy(), error.cpu().numpy())

    def sample(self, size: int, importance_sampling_exponent: float = 1.0) -> Batch:
        """Draw `size` transitions, with replacement.

        The observations share memory with the next draw of the same size; stacks are channels last in
        memory, the layout of the convolutions. An exponent of 1 corrects unequal probabilities in full.
        """
        return self.batch_of(self._sampler.sample(size, importance_sampling_exponent))

    def batch_of(self, draw: Draw) -> Batch:
        """Return the transitions that start at drawn rows."""
        rows, weights, indices = draw
        time = rows % self._length
        base = rows - time
        window = base[:, None] + (time[:, None] + self._forward) % self._length  # [B, n]
        terminated, last = self._terminated[window], self._last[window]
        before_end = np.ones(window.shape, np.bool_)
        before_last = np.ones(window.shape, np.bool_)
        np.logical_and.accumulate(~(terminated | last)[:, :-1], axis=1, out=before_end[:, 1:])
        np.logical_and.accumulate(~last[:, :-1], axis=1, out=before_last[:, 1:])
        reward = (self._reward[window] * self._gammas[:-1] * before_end).sum(axis=1)
        steps = before_last.sum(axis=1)  # [B] k
        ended = (terminated & before_last).any(axis=1)
        discount = np.where(ended, np.float32(0), self._gammas[steps])
        frames, now, then = self._buffers(len(rows))
        return Batch(
            self._gather(base, time, frames, now),
            torch.from_numpy(self._action[rows]),
            torch.from_numpy(reward),
            torch.from_numpy(discount),
            self._gather(base, (time + steps) % self._length, frames, then),
            torch.from_numpy(weights),
            torch.from_numpy(indices),
        )

    def _buffers(self, size: int) -> tuple[Array, ...]:
        """Return reused arrays `[S, B, *frame]` and twice `[B, pixels, S * planes]`: fewer page faults."""
        if size not in self._images:
            frame, dtype = self._frames.shape[1:], self._frames.dtype
            stacks = (size, int(np.prod(frame[1:])), self._stack * self._planes)
            shapes = ((self._stack, size, *frame), stacks, stacks)
            self._images[size] = tuple(np.empty(shape, dtype) for shape in shapes)
        return self._images[size]

    def _gather(self, base: Array, time: Array, frames: Array, stacks: Array) -> Tensor:
        """Return the observations `[B, *obs]` at these times, in the memory of `stacks`."""
        rows = base + time
        _, planes, *pixels = self._frames.shape
        if self._stack == 1 and (planes == 1 or not pixels):
            out = stacks.reshape(frames.shape[1:])
            # mode="clip" writes straight into `out`; the rows are in range.
            return torch.from_numpy(np.take(self._frames, rows, axis=0, out=out, mode="clip"))
        back = np.minimum(self._back[:, None], self._age[rows])  # [S, B]
        np.take(self._frames, base + (time - back) % self._length, axis=0, out=frames, mode="clip")
        if not pixels:
            stacks.reshape(len(rows), self._stack, planes)[:] = frames.swapaxes(0, 1)
            return torch.from_numpy(stacks[:, 0])
        # One image per plane of each frame, interleaved: ten times as fast as a transpose.
        images = frames.reshape(self._stack, len(rows), planes, -1).transpose(0, 2, 1, 3)
        cv2.merge([image for frame in images for image in frame], stacks)
        return torch.from_numpy(stacks.reshape(len(rows), *pixels, self._stack * planes)).movedim(-1, 1)

    def state_dict(self) -> StateDict:
        """Return the rows written so far, the cursors, the sampler and the generator."""
        used = self._used()
        return {
            "rows": {name: [array[part] for part in used] for name, array in self._arrays().items()},
            "cursor": self._cursor.copy(),
            "waiting": self._waiting.copy(),
            "wrapped": self._wrapped,
            "sampler": self._sampler.state_dict(),
            "generator": self._generator.bit_generator.state,
        }

    def load_state_dict(self, state: StateDict) -> None:
        """Restore a `state_dict` of a memory of the same shape."""
        self._cursor[:] = np.asarray(state["cursor"])
        self._waiting[:] = np.asarray(state["waiting"])
        self._wrapped = state["wrapped"]
        used = self._used()
        for name, array in self._arrays().items():
            for part, rows in zip(used, state["rows"][name], strict=True):
                array[part] = np.asarray(rows)
        self._sampler.load_state_dict(state["sampler"])
        self._generator.bit_generator.state = state["generator"]

    def check_valid(self) -> None:
        """Assert that cursors are in range and no row is drawn before it is complete."""
        self._sampler.check_valid()
        assert ((self._cursor >= 0) & (self._cursor < self._length)).all(), "a cursor is out of range"
        assert ((self._waiting >= 0) & (self._waiting < self._n)).all(), "a complete row is still waiting"
        assert (self._age <= self._oldest).all(), "an age is out of range"
        incomplete = self._cursor[:, None] - np.arange(self._n)  # [E, n]
        incomplete = self._base[:, None] + incomplete % self._length
        incomplete = incomplete[np.arange(self._n) <= self._waiting[:, None]]
        assert not np.isin(incomplete, self._sampler.members).any(), "an incomplete row can be drawn"

    def _arrays(self) -> dict[str, Array]:
        names = ("frames", "action", "reward", "terminated", "last", "age")
        return {name: getattr(self, f"_{name}") for name in names}

    def _used(self) -> list[slice]:
        """Return the rows written so far, as slices that begin at the same rows in every save.

        They are views, and restored one after another: a copy of all might not fit in memory.
        """
        ends = self._base + (self._length if self._wrapped else self._cursor + 1)
        return [
            slice(at, min(at + ROWS_AT_ONCE, end))
            for base, end in zip(self._base.tolist(), ends.tolist(), strict=True)
            for at in range(base, end, ROWS_AT_ONCE)
        ]
