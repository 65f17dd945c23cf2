"""Environments: numpy, Gymnasium and OpenCV in, arrays out. Never torch.

`config.py` is the configuration of an environment, `factory.py` builds it and is the only place that
orders wrappers, `spec.py` describes it, `vector.py` is the façade for the rest of the project (`VectorEnv`,
`Step`). `families/` holds all that is particular to one kind of environment; `registry.py` finds
environments by name; `wrappers.py` turns them into stacks of small images or into vectors; `snapshot.py`
saves and restores them in mid-episode; `protocols.py` are the published rules of evaluation; `cores.py`
counts processors. `atari/` is
the emulator, one game in Python, many in ale-py's threads; `classic/` draws CartPole fast, bit for bit the
same.
"""

import os

# Rendering to arrays needs no display; without this SDL looks for one and prints a complaint.
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
