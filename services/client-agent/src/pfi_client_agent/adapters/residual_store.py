"""What the encodings of updates lost, until it is fed back or of no more use."""

import hashlib
import shutil
from collections.abc import Collection
from pathlib import Path

import numpy as np

from pfi_client_agent.adapters.durable_files import write_file
from pfi_client_agent.adapters.state_folder import safe_name
from pfi_client_agent.domain.training import Vector
from pfi_client_agent.domain.update import UpdateKey

_MAGIC = b"pfi residual v1\n"
_HEAD_BYTES = len(_MAGIC) + hashlib.sha256().digest_size


class ResidualStore:
    """One file for each round of a line of a run: `<run>/<line>/<round>`.

    What a round lost counts when the published version of that round counts this device's update,
    which later tasks tell (`TrainTask.counted_round`). So a file is written once, before its update
    can be sent, and then only read: whatever is killed when, nothing is lost or fed back twice.

    Args:
        folder: Where they lie; created when the first one is saved.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, key: UpdateKey, schema_digest: str, lost: Vector) -> None:
        """Keep what an update lost; when this returns, it survives a power cut.

        Raises:
            DiskFullError: No space is left.
        """
        data = lost.astype("<f4", copy=False).tobytes()
        write_file(self._path(key), _head(schema_digest, data) + data)

    def find(self, key: UpdateKey, schema_digest: str) -> Vector | None:
        """Give what an update of this schema lost; None when it is not here, or damaged."""
        try:
            content = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        data = content[_HEAD_BYTES:]
        if content[:_HEAD_BYTES] != _head(schema_digest, data):
            return None
        return np.frombuffer(data, dtype="<f4").astype(np.float32, copy=False)

    def drop(self, key: UpdateKey) -> None:
        """Delete what an update lost that will not be counted; nothing need be there."""
        self._path(key).unlink(missing_ok=True)

    def keep_only(self, run: str, line: str, rounds: Collection[int]) -> None:
        """Delete what other rounds of a line lost."""
        kept = {f"{number:06d}" for number in rounds}
        for path in self._line(run, line).glob("*"):
            if path.name not in kept:
                path.unlink(missing_ok=True)

    def runs(self) -> list[str]:
        """Give the runs of which something is kept, sorted."""
        return sorted(path.name for path in self._folder.glob("*") if path.is_dir())

    def forget(self, run: str) -> None:
        """Delete everything of a run that trains no more."""
        shutil.rmtree(self._folder / safe_name(run), ignore_errors=True)

    def _path(self, key: UpdateKey) -> Path:
        return self._line(key.run, key.line) / f"{key.round:06d}"

    def _line(self, run: str, line: str) -> Path:
        return self._folder / safe_name(run) / safe_name(line)


def _head(schema_digest: str, data: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(schema_digest.encode() + b"\0" + data).digest()
