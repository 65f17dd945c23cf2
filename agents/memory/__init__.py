"""What was seen, exact at every episode's end.

`replay.py` keeps each frame once and folds γ and n-step returns into batches; `sampling.py` draws its rows
uniformly, `prioritized.py` in proportion to their errors (over the sums of `sum_tree.py`). `rollout.py`
keeps the newest window only and hands out λ-returns. `protocol.py` says what a trainer asks of either.
"""
