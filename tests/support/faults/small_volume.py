"""A real volume of a few megabytes, which a test fills."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class SmallVolume:
    """A mounted file system.

    Attributes:
        path: Where it is mounted.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self, leave_bytes: int = 0) -> None:
        """Takes all room but so many bytes, as another process would."""
        with self._filler.open("ab", buffering=0) as file:
            while (free := self.free_bytes()) > leave_bytes:
                file.write(bytes(min(1 << 20, free - leave_bytes)))
        assert self.free_bytes() <= leave_bytes

    def make_room(self) -> None:
        """Gives the room back."""
        self._filler.unlink()

    def free_bytes(self) -> int:
        """What is free."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize


@contextmanager
def small_volume(path: Path, size_bytes: int) -> Iterator[SmallVolume]:
    """Mounts a tmpfs for the length of the block; skips the test where that is not permitted."""
    path.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={size_bytes},mode=0700", "tmpfs", str(path)]
    mounted = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a volume cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield SmallVolume(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
