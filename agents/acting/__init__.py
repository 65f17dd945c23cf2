"""Acting: policies, the loop of play, and its consumers.

`episodes.py` is the loop, `policy.py` the policies. `collector.py` plays to fill a memory, `score.py` and
`evaluator.py` to evaluate, `probe.py` (with `linear_probe.py`) to relate features to the simulator's state,
`image_check.py` to detect useless images. Every random number comes from a named stream of the run's seed
(`rng.py`).
"""
