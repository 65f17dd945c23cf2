"""What a trainer asks of those it reports to."""

from collections.abc import Callable
from typing import Any, Protocol

from agents.acting.episodes import Score, ShouldStop

Evaluator = Callable[[str, int, int, ShouldStop], Score]
"""Maps a seed stream, a key that tells its draws apart, a number of episodes and a question to a score; it
raises `Interrupted` where the question, asked between any two steps, is answered by yes."""
Report = Callable[[str], None]
"""Takes what is being done besides training, or an empty text; called often."""


def say_nothing(_stage: str) -> None:
    """Takes progress and does nothing with it."""


class Output(Protocol):
    """Where a trainer's results go; `run_folder.RunFolder` is the real one."""

    def log(self, env_steps: int, values: dict[str, float]) -> None:
        """Writes scalars."""

    def keep_best(self, agent: dict[str, Any], note: dict[str, Any]) -> None:
        """Keeps an agent as the best so far."""

    def image(self, env_steps: int, tag: str, image: Any) -> None:
        """Writes a gray image `[H, W] uint8`."""

    def histogram(self, env_steps: int, tag: str, values: Any) -> None:
        """Writes how numbers `[N]` are distributed."""

    def video(self, env_steps: int, tag: str, images: Any) -> None:
        """Writes gray images `[T, H, W] uint8` as a video."""

    def save(self, state: dict[str, Any], env_steps: int) -> None:
        """Saves all that the run needs to go on."""
