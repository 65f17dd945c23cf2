"""Agents at play: policies, the collector of training, evaluations and the state probe.

Every random number comes from a named stream of the run's seed (`rng.py`). The collector writes to the
memory, `episodes.py` measures whole episodes, `evaluations.py` plays the seeds of a run's evaluations
and looks into the agent meanwhile.
"""
