"""The command line: arguments as data, one parser, sentences for bad input.

`guard.py` wraps every script. The options of a script are the fields of its dataclass (`arguments.py`,
`train.py`); `options.py` checks a user's words against them before `parser.py` passes them to tyro.
`sweep.py` trains a grid of runs.
"""
