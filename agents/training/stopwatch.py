"""Seconds of a run by section."""

import time

TRAINING = ("act", "env", "memory", "learn", "log")
SECTIONS = (*TRAINING, "evaluate", "save")


class Stopwatch:
    """Time by section; each lap ends one."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(SECTIONS, 0.0)
        """Since the run began."""
        self._logged = dict(self.seconds)
        self._at = time.perf_counter()

    def start(self) -> None:
        """Begin a section; the time since the last lap is dropped."""
        self._at = time.perf_counter()

    def lap(self, section: str) -> None:
        """End a section."""
        now = time.perf_counter()
        self.seconds[section] += now - self._at
        self._at = now

    @property
    def train_seconds(self) -> float:
        """Seconds of training."""
        return sum(self.seconds[section] for section in TRAINING)

    @property
    def train_shares(self) -> dict[str, float]:
        """Share of each section in the seconds of training, to three digits."""
        whole = max(self.train_seconds, 1e-9)
        return {section: round(self.seconds[section] / whole, 3) for section in TRAINING}

    def recent(self) -> dict[str, float]:
        """Return the seconds of each section of training since `clear`."""
        return {section: self.seconds[section] - self._logged[section] for section in TRAINING}

    def clear(self) -> None:
        """Begin a new interval for `recent`."""
        self._logged = dict(self.seconds)

    @property
    def slowest(self) -> str:
        """The section with the most time, such as `learn 71 %`."""
        seconds = self.recent()
        section = max(seconds, key=lambda name: seconds[name])
        return f"{section} {100 * seconds[section] / max(sum(seconds.values()), 1e-9):.0f} %"

    def state_dict(self) -> dict[str, dict[str, float]]:
        """Return the seconds so far."""
        return {"seconds": dict(self.seconds), "logged": dict(self._logged)}

    def load_state_dict(self, state: dict[str, dict[str, float]]) -> None:
        """Restore what `state_dict` returned."""
        self.seconds, self._logged = dict(state["seconds"]), dict(state["logged"])
