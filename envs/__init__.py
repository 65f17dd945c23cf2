"""Environments: numpy, gymnasium and OpenCV in, arrays out. Never torch.

`config.py` says what an environment should look like, `factory.py` builds it and is the only place
that orders wrappers, `vector.py` is the façade the rest of the project sees (`VectorEnv`, `Step`)
and the only file that knows of autoreset. `wrappers.py` turns any rendered environment into stacked
gray images; `cartpole.py` draws CartPole's image fast, bit for bit the same; `snapshot.py`
saves and restores an environment in mid-episode. `atari.py` is one Atari game, `native.py` many of them in
ale-py's threads, `protocols.py` the rules scores are measured under, `scores.py` those of a human.
"""

import os

# Rendering to arrays needs no display; without this SDL looks for one and prints a complaint.
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
