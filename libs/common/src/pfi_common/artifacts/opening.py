"""From a URL to an artifact store."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, from_url

from pfi_common.artifacts.failures import storage_failures
from pfi_common.artifacts.store import ArtifactStore
from pfi_common.artifacts.writing import FileWriter, RemoteWriter, remove_stale_staging
from pfi_common.clock import Clock, SystemClock
from pfi_common.errors import SettingsInvalidError

_REMOTE_SCHEMES = frozenset({"s3", "gs", "az"})
_SYSTEM_CLOCK = SystemClock()


def open_artifact_store(url: str, clock: Clock = _SYSTEM_CLOCK) -> ArtifactStore:
    """Opens the store at a URL.

    The URL is `file:///folder` (made if absent), `memory://`, `s3://bucket/path`,
    `gs://bucket/path` or `az://container/path`. Credentials of object stores come from the
    environment in the way of their vendors. A store must be opened in the process that uses it:
    one made before a fork hangs in the child.

    Raises:
        SettingsInvalidError: the URL is of no kind that is supported.
        DiskFullError: there is no space to make the folder.
        StoreUnavailableError: the folder cannot be made.
    """
    parts = urlsplit(url)
    if parts.scheme == "memory":
        memory = MemoryStore()
        return ArtifactStore(memory, RemoteWriter(memory))
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return _open_folder(Path(unquote(parts.path)), clock)
    if parts.scheme in _REMOTE_SCHEMES and parts.netloc:
        return _open_remote(url)
    message = "Artifacts lie at file:///folder, memory://, s3://bucket, gs://bucket or az://name."
    raise SettingsInvalidError(message)


def _open_folder(folder: Path, clock: Clock) -> ArtifactStore:
    with storage_failures():
        folder.mkdir(parents=True, exist_ok=True)
        remove_stale_staging(folder, clock)
        store = LocalStore(prefix=folder)
    return ArtifactStore(store, FileWriter(store, folder), folder)


def _open_remote(url: str) -> ArtifactStore:
    try:
        store = from_url(url)
    except (BaseError, ValueError) as error:
        message = f"The artifact store cannot be opened: {type(error).__name__}. Check its URL."
        raise SettingsInvalidError(message) from error
    return ArtifactStore(store, RemoteWriter(store))
