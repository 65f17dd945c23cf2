"""Processors and threads to use."""

import os


def cores() -> int:
    """Return the number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_allowed() -> int:
    """Return the number of threads to compute with: `OMP_NUM_THREADS`, else one per core."""
    return int(os.environ.get("OMP_NUM_THREADS", "").partition(",")[0] or cores())
