"""Atari games: the emulator, the game as an environment, ale-py's own threads, reference scores."""
