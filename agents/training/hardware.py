"""Device, threads and memory allocation; torch is imported at its first use only."""

import ctypes
import platform
from typing import TYPE_CHECKING

from agents.config import Config, ConfigError
from envs.cores import threads_allowed

if TYPE_CHECKING:
    import torch


def pick_device(name: str) -> "torch.device":
    """Return the torch device of `auto`, `cpu` or `cuda`.

    Raises:
        ConfigError: CUDA is not available.
    """
    import torch

    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ConfigError("--device cuda: torch sees no CUDA device; use --device cpu or auto.")
    return torch.device("cuda" if available and name != "cpu" else "cpu")


def set_up_torch(config: Config) -> None:
    """Set torch's threads: one for state vectors, whose networks are too small to share.

    Also has the GNU C library keep freed memory, up to 1 GiB. By default it returns the activations of each
    update to the system; new page faults take an eighth of the time.
    """
    import torch

    torch.set_num_threads(config.threads or (1 if config.env.obs == "state" else threads_allowed()))
    if platform.libc_ver()[0] == "glibc":
        libc, trim_threshold, mmap_threshold = ctypes.CDLL(None), -1, -3  # of malloc.h
        libc.mallopt(mmap_threshold, 32 * 2**20)  # its maximum
        libc.mallopt(trim_threshold, 2**30)
