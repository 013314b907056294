"""The agent's state folder: where everything lies, and the lock that keeps it to one process."""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pfi_common.errors import AgentRunningError, InvalidRequestError, SettingsInvalidError

_LOCK_FILE = "agent.lock"
_LOCK_TRIES = 5
_LOCK_PAUSE_SECONDS = 0.05
_SAFE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")


def safe_name(name: str) -> str:
    """Check that a name from the network can be a file name.

    Raises:
        InvalidRequestError: It could lead out of its folder.
    """
    if not _SAFE_NAME.fullmatch(name):
        raise InvalidRequestError("a run, line or task has a name that cannot be a file name")
    return name


class StateFolder:
    """Paths of everything that an agent keeps.

    Attributes:
        root: The folder.
        identity: Key, certificate, authority.
        endpoints: Where the federation is reached (JSON).
        digests: Known backbone digests (JSON).
        adapter_cache: Downloaded adapters, by digest.
        updates: Encoded updates of rounds that have not settled.
        residuals: What the encodings of updates lost, where it is fed back.
        personal: Personal adapters, one folder a run. Nothing in it ever leaves the device.
        evaluations: Results of evaluations, one file a run.
        serving: What answering needs: token, endpoints, last known adapter.
        journal: Finished tasks, one JSON object a line.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.identity = root / "identity"
        self.endpoints = root / "endpoints.json"
        self.digests = root / "cache" / "backbones.json"
        self.adapter_cache = root / "cache" / "adapters"
        self.updates = root / "updates"
        self.residuals = root / "residuals"
        self.personal = root / "personal"
        self.evaluations = root / "evaluations"
        self.serving = root / "serving"
        self.journal = root / "journal.jsonl"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other agent process out while the block runs.

        Raises:
            AgentRunningError: Another process is in.
            SettingsInvalidError: The folder cannot be made or written.
        """
        descriptor = self._open_lock()
        try:
            if not _lock(descriptor):
                owner = os.pread(descriptor, 20, 0).decode() or "unknown"
                raise AgentRunningError(f"Process {owner} uses the state folder {self.root}.")
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield
        finally:
            # The file stays: removing it would let two processes lock two files of one name.
            os.close(descriptor)

    def _open_lock(self) -> int:
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.open(self.root / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            cause = error.strerror or str(error)
            message = (
                f"The state folder {self.root} cannot be written: {cause}. "
                "Name another with --state or PFI_AGENT_STATE."
            )
            raise SettingsInvalidError(message) from error

    def is_locked(self) -> bool:
        """Tell whether an agent process uses the folder."""
        try:
            descriptor = os.open(self.root / _LOCK_FILE, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Take the lock; several tries, since `is_locked` holds it for a moment."""
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE_SECONDS)
        else:
            return True
    return False
