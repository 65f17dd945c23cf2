"""Numbers that change as a run goes on."""


def linear(start: float, end: float, duration: float, now: float) -> float:
    """Goes from `start` at 0 to `end` at `duration` in a straight line and stays there.

    Example:
        >>> [linear(1.0, 0.0, 4, now) for now in (0, 1, 4, 9)]
        [1.0, 0.75, 0.0, 0.0]
    """
    if now >= duration:
        return end
    return start + (end - start) * now / duration
