"""Statistics and comparisons of runs, from their folders alone.

`statistics.py` aggregates scores (interquartile mean) and resamples them, `intervals.py` bounds them.
`groups.py` sorts runs into groups, `curves.py` interpolates their scores, `comparison.py` compares them;
`references.py` reads published results (`published.json`) and this project's own bands (`bands.json`),
`baselines.py` Dopamine's training curves on Atari (`dopamine.json`).
"""
