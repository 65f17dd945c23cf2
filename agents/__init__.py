"""Deep Q-learning: what is learned, remembered, trained and shown.

`config.py` is the whole configuration as data, `presets.py` the named ones, `build.py` the one place
that puts environments, network, memory and learner together, `kept.py` the agent a run kept, at work,
`recording.py` its play as a video.
`guard.py` stands around every script, `arguments.py`, `train_arguments.py`, `options.py`, `kinds.py` and
`command_line.py` lead from its words to data, `files.py` and `run_files.py` read and write what others may
have damaged.
`learning/` is the mathematics, `memory/` the replay memory, `training/` the machinery around them,
`analysis/` images of results.
"""
