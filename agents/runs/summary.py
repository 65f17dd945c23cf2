"""Results of evaluations and of finished runs, as stored."""

import dataclasses
import shlex
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from agents.config.aliases import updated
from agents.config.kinds import fits


def kind_of(epsilon: float) -> str:
    """Return the kind of an evaluation's episodes.

    Example:
        >>> kind_of(0.0), kind_of(0.05)
        ('greedy episodes', 'episodes with ε 0.05')
    """
    return f"episodes with ε {epsilon:g}" if epsilon else "greedy episodes"


class ScoreSummary(TypedDict):
    """Statistics of the returns of some episodes."""

    episodes: int
    mean: float
    std: float
    min: float
    max: float
    ci95_low: float
    ci95_high: float
    truncated: int


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Results of a finished run; `eval_*` are those of the best checkpoint."""

    env: str = ""
    obs: str = ""
    preset: str = ""
    seed: int = 0
    protocol: str = "none"
    env_steps: int
    updates: int = 0
    episodes: int = 0
    train_seconds: float = 0.0
    train_shares: dict[str, float] | None = None
    """Share of each section in these seconds: act, env, memory, learn, log."""
    eval_seconds: float = 0.0
    eval_episodes: int | None = None
    eval_mean: float
    eval_std: float = 0.0
    eval_min: float | None = None
    eval_ci95: tuple[float, float] | None = None
    eval_at_step: int | None = None
    """Agent steps after which the best checkpoint was saved."""
    eval_epsilon: float = 0.0
    """Probability of a random action in these evaluations."""
    eval_human_normalised: float | None = None
    greedy_mean: float | None = None
    """The same agent's mean return in as many episodes without random actions; None if they had none."""
    greedy_min: float | None = None
    greedy_ci95: tuple[float, float] | None = None
    final_mean: float
    """Mean return of the last agent."""
    final_min: float | None = None
    reward_threshold: float | None = None
    """Mean return at which the run counts as solved; None: none."""
    solved: bool | None
    reached_threshold: float | None = None
    """Reward threshold that was confirmed, if one was."""
    steps_to_solve: int | None
    seconds_to_solve: float | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "Summary":
        """Build a summary from the fields of this version or an older one.

        Raises:
            ValueError: a required field is missing, or a field has the wrong type; names them.
        """
        hints = typing.get_type_hints(cls)
        present: dict[str, typing.Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in updated(values).items()
            if name in hints
        }
        required = (field.name for field in dataclasses.fields(cls) if field.default is dataclasses.MISSING)
        unread = [name for name in required if name not in present]
        unread += [name for name, value in present.items() if not fits(hints[name], value)]
        if unread:
            raise ValueError(f"{', '.join(unread)} cannot be read")
        return cls(**present)

    def sentence(self, folder: Path, *, renderable: bool = True) -> str:
        """Return the result in one sentence: score, steps, seconds, next command."""
        words = ["record.py" if renderable else "evaluate.py", str(folder)]
        words += ["--out", "episode.html"] if renderable else []
        module = self.env.rpartition(":")[0]
        words += ["--module", module] if module else []
        result = f"{'solved with' if self.solved else 'reached'} {self.eval_mean:.1f}"
        under = "" if self.protocol == "none" else f", protocol {self.protocol}"
        under += "" if self.greedy_mean is None else f"; {self.greedy_mean:.1f} when greedy"
        return (
            f"{self.env} from {self.obs}: {result} (mean of {self.eval_episodes} "
            f"{kind_of(self.eval_epsilon)}{under}) after {self.env_steps:,} steps and "
            f"{self.train_seconds:.1f} s of training (+ {self.eval_seconds:.1f} s of evaluation). "
            f"Next: make tensorboard, or python scripts/{shlex.join(words)}"
        )
