"""Remembers backbone digests, so that gigabytes are hashed once and not at every start."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from pfi_client_agent.adapters.durable_files import write_durably


class DigestCache:
    """Digests by backbone folder; one is trusted while the files keep size, time and inode.

    Args:
        path: The JSON file that holds them.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, folder: Path, files: Sequence[Path], compute: Callable[[], str]) -> str:
        """Give the digest of a backbone, computed only when its files are new or changed.

        Args:
            folder: The backbone's folder.
            files: Everything that the digest depends on.
            compute: Computes it.
        """
        seen = [_identity(file) for file in files]
        known = self._read()
        entry = known.get(str(folder.resolve()))
        if isinstance(entry, dict) and entry.get("files") == seen:
            return str(entry["digest"])
        digest = compute()
        known[str(folder.resolve())] = {"files": seen, "digest": digest}
        write_durably(self._path, json.dumps(known, indent=1).encode())
        return digest

    def _read(self) -> dict[str, object]:
        try:
            document = json.loads(self._path.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}


def _identity(file: Path) -> list[str | int]:
    status = file.stat()
    return [str(file.resolve()), status.st_size, status.st_mtime_ns, status.st_ino]
