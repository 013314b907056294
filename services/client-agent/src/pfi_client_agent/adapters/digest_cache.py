"""Remembers backbone digests, so that gigabytes are hashed once and not at every start."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pfi_client_agent.adapters.durable_files import read_json, write_json


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
        known = read_json(self._path) or {}
        entry = known.get(str(folder.resolve()))
        if isinstance(entry, dict) and entry.get("files") == seen:
            return str(entry["digest"])
        digest = compute()
        known[str(folder.resolve())] = {"files": seen, "digest": digest}
        write_json(self._path, known)
        return digest


def _identity(file: Path) -> list[str | int]:
    status = file.stat()
    return [str(file.resolve()), status.st_size, status.st_mtime_ns, status.st_ino]
