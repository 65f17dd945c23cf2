"""The mathematics of the DQN family: batches, losses, targets, the learner, play and schedules.

A member of the family is a choice of parts handed to one learner (`dqn.py`): what the network's numbers
mean (`values.py`), how the next state is backed up (`backup.py`), which network chooses. Losses
(`losses.py`) and targets are pure functions with one number a row; the learner weights and averages them in
one line. γ and n-step returns are folded into a `Batch` by the memory and occur nowhere here. Two modules
look into a learned network: `saliency.py` and `linear_probe.py`.
"""
