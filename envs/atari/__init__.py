"""Atari games of the Arcade Learning Environment.

`emulator.py` runs the console, `game.py` is one game as an environment, `native.py` many games in ale-py's
threads; `factory.py` chooses between them. `scores.py` holds the scores of random play and of humans.
"""
