"""The mathematics of the DQN family: predictions to targets, losses and updates.

A member of the family is a choice of parts for one learner (`dqn.py`): how returns are represented
(`values.py`), how the next state is backed up (`backup.py`), and which network selects the action. Losses
(`losses.py`) and targets are pure functions with one number per row; the learner weights and averages them
in one line. `target.py` holds running averages, `optimizers.py` the optimisers, `shapes.py` the checks of
shapes, `augmentation.py` random shifts. γ and n-step returns are folded into a `Batch` (`batch.py`) by the
memory and occur nowhere here.
"""
