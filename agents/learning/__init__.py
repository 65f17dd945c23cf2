"""The mathematics of DQN: batches, targets, the learner, ε-greedy play and schedules.

Losses and targets are pure functions with one number a row; `dqn.py` weights and averages them in
one line. γ and n-step returns are folded into a `Batch` by the memory and occur nowhere here.
"""
