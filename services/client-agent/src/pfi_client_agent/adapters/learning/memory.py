"""Measures memory, and recognises that the device ran out of it."""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from pfi_client_agent.domain.abandonment import MemoryExhaustedError

# PyTorch's allocator of main memory has no exception class of its own.
_CPU_ALLOCATOR = "DefaultCPUAllocator"


@contextmanager
def exhaustion_translated() -> Iterator[None]:
    """Turn what torch raises for too little memory into `MemoryExhaustedError`."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise MemoryExhaustedError("the accelerator has too little memory") from error
    except RuntimeError as error:
        if _CPU_ALLOCATOR in str(error):
            raise MemoryExhaustedError("the device has too little memory") from error
        raise


class PeakMemory:
    """Highest memory from now on.

    Args:
        device: Where the model runs.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    def read_bytes(self) -> int:
        """Give the accelerator's highest; without one, the highest resident memory ever so far."""
        if self._device.type == "cuda":
            return int(torch.cuda.max_memory_allocated(self._device))
        highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        # Linux counts in KiB, macOS in bytes.
        return highest if sys.platform == "darwin" else highest * 1024
