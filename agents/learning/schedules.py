"""Schedules."""


def linear(start: float, end: float, duration: float, now: float) -> float:
    """Interpolate from `start` at 0 to `end` at `duration`, constant from there on.

    Example:
        >>> [linear(1.0, 0.0, 4, now) for now in (0, 1, 4, 9)]
        [1.0, 0.75, 0.0, 0.0]
    """
    if now >= duration:
        return end
    return start + (end - start) * now / duration
