"""The training loop and its rules, one for every observation and preset.

`trainer.py` is the loop. `clock.py` decides when updates and copies are due, `evaluation.py` when a run is
solved and which agent is its best; `progress.py` counts, `stopwatch.py` measures the time of each section,
`divergence.py` detects values out of bounds. `launch.py` runs a trainer under a progress bar; `hardware.py`
sets torch up.
"""
