"""Free space, looked at before the engine writes.

The engine writes to mapped files that are mostly holes. On a full device such a write does not
fail: it ends the process (SIGBUS). So room is asked for first, with a reserve for what cannot be
foreseen and for the deletions that make room again.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from pfi_common.errors import DiskFullError
from pfi_rag.domain.documents import StoredPassage

PASSAGE_BYTES = 8 << 10
"""A passage of 1.1 KB takes 5.4 KB on disk, with its vector, its words and the log."""
_TEXT_FACTOR = 4
_RESERVE_BYTES = 32 << 20
_LEAST_BYTES = 4 << 20


def bytes_for(passages: Sequence[StoredPassage]) -> int:
    """Gives how much room passages take at most."""
    text_bytes = sum(len(passage.text.encode("utf-8", "surrogatepass")) for passage in passages)
    return len(passages) * PASSAGE_BYTES + _TEXT_FACTOR * text_bytes


def require_room(folder: Path, size_bytes: int) -> None:
    """Asks for room for something new.

    Raises:
        DiskFullError: There would be less than the reserve left.
    """
    _require(folder, size_bytes + _RESERVE_BYTES)


def require_little_room(folder: Path, size_bytes: int = 0) -> None:
    """Asks for room out of the reserve, for what removes.

    Raises:
        DiskFullError: Not even that is there.
    """
    _require(folder, size_bytes + _LEAST_BYTES)


def _require(folder: Path, wanted_bytes: int) -> None:
    found = os.statvfs(folder)
    free_bytes = found.f_bavail * found.f_frsize
    if free_bytes < wanted_bytes:
        raise DiskFullError(
            f"The index needs {wanted_bytes >> 20:,} MiB of free space; {free_bytes >> 20:,} MiB"
            " are left."
        )
