"""Recognises that the device ran out of memory."""

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
