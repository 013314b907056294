"""A short private folder for unix sockets: their paths are limited to about 100 bytes."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from pfi_common.errors import LocalFederationFailedError

SOCKET_PATH_LIMIT_BYTES = 103  # macOS: 104 with the final zero byte; Linux: 108


def runtime_folder(data_folder: Path) -> Path:
    """Names the folder that belongs to a data folder; the same one at every start.

    Raises:
        LocalFederationFailedError: Its path is too long.
    """
    name = hashlib.sha256(os.fsencode(data_folder.resolve())).hexdigest()[:12]
    return _base() / f"pfi-{os.getuid()}-{name}"


def make_runtime_folder(data_folder: Path) -> Path:
    """Makes that folder, unless it is there.

    Raises:
        LocalFederationFailedError: The folder is not private to this user, or its path too long.
    """
    folder = runtime_folder(data_folder)
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise LocalFederationFailedError(
            f"{folder} is not a private folder of this user; remove it and start again"
        )
    return folder


def _base() -> Path:
    """The folder for temporary files, or /tmp where its path is too long for a socket below it."""
    candidates = (Path(tempfile.gettempdir()), Path("/tmp"))  # noqa: S108  (a private folder is made below it)
    for base in candidates:
        if len(os.fsencode(base)) <= SOCKET_PATH_LIMIT_BYTES - 48:
            return base
    raise LocalFederationFailedError(
        f"the path {candidates[0]} is too long for a unix socket; set TMPDIR to a short one"
    )
