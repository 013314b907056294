"""Files past the page cache.

What is written into the page cache is copied once more, and on many virtual machines into memory
that the host has to find first: that takes several times as long as hashing it. Payloads are large,
written once and read once or twice, so whole blocks of them go between device and this process
directly. What does not fill a block goes through the page cache, which the kernel keeps consistent.
Where the file system offers no direct access, or opens a file for it and then refuses it (blocks of
another size, layered file systems), everything does.
"""

import errno
import mmap
import os
from pathlib import Path

BLOCK_BYTES = 4096
"""File positions, lengths and addresses of direct access are multiples of it."""
_DIRECT = getattr(os, "O_DIRECT", 0)
_NOT_OFFERED = {errno.EINVAL, errno.EOPNOTSUPP}


def open_direct(path: Path, flags: int) -> int | None:
    """Opens an existing file for direct access; none where there is no such thing.

    Raises:
        OSError: the file cannot be opened at all.
    """
    if not _DIRECT:
        return None
    try:
        return os.open(path, flags | _DIRECT | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _NOT_OFFERED:
            return None
        raise


def refuses_direct(error: OSError) -> bool:
    """Whether a call on a file that is open for direct access failed only for that."""
    return error.errno in _NOT_OFFERED


def aligned_buffer(size_bytes: int) -> memoryview:
    """Gives memory that starts on a block, of at least this size and some."""
    return memoryview(mmap.mmap(-1, max(BLOCK_BYTES, size_bytes)))


def round_down(position: int) -> int:
    """Gives the start of the block of a position."""
    return position - position % BLOCK_BYTES


def round_up(position: int) -> int:
    """Gives the end of the block before a position."""
    return -(-position // BLOCK_BYTES) * BLOCK_BYTES
