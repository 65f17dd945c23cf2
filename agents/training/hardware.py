"""What the machine offers: device, threads, memory."""

import ctypes
import os
import platform

import torch

from agents.config import Config, ConfigError

# malloc.h of the GNU C library.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def pick_device(name: str) -> torch.device:
    """Returns the torch device of `auto`, `cpu` or `cuda`.

    Raises:
        ConfigError: CUDA was asked for and is not there.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ConfigError("--device cuda: torch sees no CUDA device; use --device cpu or auto.")
    return torch.device("cuda" if available and name != "cpu" else "cpu")


def cores() -> int:
    """Returns how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_allowed() -> int:
    """Returns how many threads a process may compute with: `OMP_NUM_THREADS`, else one per core."""
    return int(os.environ.get("OMP_NUM_THREADS", "").partition(",")[0] or cores())


def set_up_torch(config: Config) -> None:
    """Sets torch's threads: small networks lose more by handing work over than they gain.

    For images they are as many as are allowed.
    """
    torch.set_num_threads(config.threads or (1 if config.env.obs == "state" else threads_allowed()))
    _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Has the GNU C library keep up to 1 GiB of freed memory for the next update.

    It would give back the activations of each, to get them anew page by page: an eighth of the time.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, 32 * 2**20)  # the most it accepts
        libc.mallopt(M_TRIM_THRESHOLD, 2**30)
