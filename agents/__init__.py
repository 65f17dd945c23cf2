"""Deep Q-learning: what is learned, remembered, trained and shown.

`config.py` is the whole configuration as data, `presets.py` the named ones, `build.py` the one place
that puts environments, network, memory and learner together, `kept.py` the agent a run kept, at work,
`recording.py` its play as a film.
`learning/` is the mathematics, `memory/` the replay memory, `training/` the machinery around them,
`analysis/` pictures of results.
"""
