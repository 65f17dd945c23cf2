"""Replay and rollout buffers, exact at episode boundaries.

`replay.py` stores each frame once and folds γ and n-step returns into batches; `sampling.py` draws its rows
uniformly, `prioritized.py` in proportion to their errors (with the sums of `sum_tree.py`). `rollout.py`
holds the newest steps only and returns λ-returns. `capacity.py` fits a replay memory into the RAM.
"""

from agents.memory.replay import Replay
from agents.memory.rollout import Rollout

Memory = Replay | Rollout
