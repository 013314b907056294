"""Downloaded adapters by digest, and the parts of interrupted downloads."""

import hashlib
from pathlib import Path

import numpy as np

from pfi_client_agent.adapters.durable_files import full_disk_translated, write_file
from pfi_client_agent.adapters.state_folder import safe_name
from pfi_client_agent.domain.training import Vector

_KEPT = 8
_PART = ".part"


class AdapterCache:
    """A folder of canonical fp32 payloads; the newest few are kept.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, digest: str) -> Vector | None:
        """Give an adapter's coordinates; None when it is not here, or its bytes are not its own."""
        path = self._folder / safe_name(digest)
        try:
            payload = path.read_bytes()
        except FileNotFoundError:
            return None
        if hashlib.sha256(payload).hexdigest() != digest or len(payload) % 4:
            path.unlink()
            return None
        path.touch()
        return np.frombuffer(payload, dtype="<f4").astype(np.float32, copy=False)

    def part_bytes(self, digest: str) -> int:
        """Give how much of an interrupted download is here."""
        try:
            return self._part(digest).stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, digest: str, data: bytes) -> None:
        """Add the next bytes of a download."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with full_disk_translated(), self._part(digest).open("ab") as file:
            file.write(data)

    def drop_part(self, digest: str) -> None:
        """Start a download again from its first byte."""
        self._part(digest).unlink(missing_ok=True)

    def complete(self, digest: str) -> Vector | None:
        """Check and keep a finished download; None when it has another digest."""
        part = self._part(digest)
        payload = part.read_bytes()
        part.unlink()
        if hashlib.sha256(payload).hexdigest() != digest:
            return None
        write_file(self._folder / safe_name(digest), payload)
        self._drop_oldest()
        return self.find(digest)

    def _part(self, digest: str) -> Path:
        return self._folder / (safe_name(digest) + _PART)

    def _drop_oldest(self) -> None:
        kept = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        for path in kept[:-_KEPT]:
            path.unlink()
