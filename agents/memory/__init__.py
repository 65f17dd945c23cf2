"""The replay memory: what was seen, each frame once, exact at every episode's end.

`replay.py` keeps the rows and folds γ and n-step returns into batches; `sampling.py` keeps the set of
rows that may be drawn.
"""
