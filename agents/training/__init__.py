"""The machinery around the learner: one trainer for every observation and preset.

`trainer.py` is the loop, `collector.py` plays and fills the memory, `evaluation.py` measures greedy
play, `metrics.py` writes `metrics.jsonl` and, by `events.py`, TensorBoard's files, `checkpoint.py` saves
and loads files atomically, `run_folder.py` knows what lies where in a run, `rng.py` deals out random
numbers, `machine.py` sets torch up, and `launch.py` runs a trainer until it is done, or until Ctrl-C.
"""
