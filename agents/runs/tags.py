"""Tags that are read again.

All others are named where they are logged: `Trainer._log`, `EvaluationRule._log`, `RunFolder.finish`.
"""

PERIODIC, CONFIRMATION, GREEDY = "eval", "solved", "greedy"
"""Kinds of evaluations, the second half of their tags."""
SCORE, CONFIRMED = f"return/{PERIODIC}", f"return/{CONFIRMATION}"
TRAINING, EPISODES = "return/train", "episodes"
SECONDS = "time/train_seconds"
R2 = "probe/r2_"
"""Prefix of the tags of the state probe."""
