"""What a folder takes of the disk."""

import os
from collections.abc import Iterator
from pathlib import Path

_BLOCK_BYTES = 512
"""Unit of `st_blocks`, whatever the file system's own is."""


def allocated_bytes(folder: Path) -> int:
    """Gives the bytes that files take; much of a shard's files is holes, which take none."""
    return sum(_sizes(folder))


def _sizes(folder: Path) -> Iterator[int]:
    for path, _, files in os.walk(folder):
        for name in files:
            try:
                yield Path(path, name).lstat().st_blocks * _BLOCK_BYTES
            except FileNotFoundError:
                continue
