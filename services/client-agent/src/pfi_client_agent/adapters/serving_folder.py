"""What answering keeps in the state folder."""

import secrets
from contextlib import suppress
from pathlib import Path

from pfi_client_agent.adapters.durable_files import read_json, write_file, write_json
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_common.identity.files import PRIVATE, sync_folder, write_new

_TOKEN_BYTES = 32


class ServingFolder:
    """Token, addresses and the last known adapter.

    Args:
        state: The agent's state folder.

    Attributes:
        adapters: Downloaded adapters, apart from those of training: another process may train.
        lock: Held by the one process that has an API.
    """

    def __init__(self, state: StateFolder) -> None:
        self._root = state.serving
        self.adapters = state.serving / "adapters"
        self.lock = StateFolder(state.serving)

    def token(self) -> str:
        """Give the API's bearer token, made at the first use; only the owner can read its file."""
        path = self._root / "api-token"
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists() and not path.stat().st_size:
            path.unlink()  # an empty token would let everybody in
        if not path.exists():
            _write_whole(path, secrets.token_urlsafe(_TOKEN_BYTES))
        return path.read_text(encoding="ascii").strip()

    def save_endpoint(self, url: str) -> None:
        """Say where the API is."""
        write_json(self._endpoints, {"http": url})

    def forget_endpoint(self) -> None:
        """Say that there is no API any more."""
        self._endpoints.unlink(missing_ok=True)

    def endpoint(self) -> str | None:
        """Give where the API of this state folder is; None when no process has one."""
        url = (read_json(self._endpoints) or {}).get("http")
        return url if isinstance(url, str) and self.lock.is_locked() else None

    def save_newest(self, response: bytes) -> None:
        """Keep the coordinator's last answer, for a start without a connection."""
        write_file(self._newest, response)

    def newest(self) -> bytes | None:
        """Give the coordinator's last answer."""
        try:
            return self._newest.read_bytes()
        except FileNotFoundError:
            return None

    @property
    def _endpoints(self) -> Path:
        return self._root / "endpoints.json"

    @property
    def _newest(self) -> Path:
        return self._root / "newest-adapter.pb"


def _write_whole(path: Path, text: str) -> None:
    """Write a file that is whole as soon as it is there; one that is there already stays."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        write_new(partial, text.encode(), PRIVATE)
        with suppress(FileExistsError):  # another process was faster
            path.hardlink_to(partial)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)
