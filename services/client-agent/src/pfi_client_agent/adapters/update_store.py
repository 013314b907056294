"""Keeps encoded updates until their rounds settle, so that the same bytes can be sent again."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from pfi_client_agent.adapters.durable_files import read_json, write_file, write_json
from pfi_client_agent.adapters.state_folder import safe_name
from pfi_client_agent.domain.update import StoredUpdate, UpdateKey, UpdateRecipe

_HEADER = ".json"
_PAYLOAD = ".payload"


class UpdateStore:
    """Updates in a folder: a payload, and a header whose presence makes it complete.

    Args:
        folder: Where they lie; created when the first one is saved.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, update: StoredUpdate, payload: bytes) -> None:
        """Keep an update; when this returns, it survives a power cut.

        Raises:
            DiskFullError: No space is left.
        """
        path = self._path(update.key)
        # Without this, a crash would leave the old header beside the new payload.
        path.with_name(path.name + _HEADER).unlink(missing_ok=True)
        write_file(path.with_name(path.name + _PAYLOAD), payload)
        write_json(path.with_name(path.name + _HEADER), asdict(update))

    def find(self, key: UpdateKey, recipe: UpdateRecipe) -> tuple[StoredUpdate, bytes] | None:
        """Give the update of a round with its payload; None if there is none that can be used."""
        path = self._path(key)
        update = _read(path.with_name(path.name + _HEADER))
        if update is None or update.recipe != recipe:
            return None
        try:
            payload = path.with_name(path.name + _PAYLOAD).read_bytes()
        except FileNotFoundError:
            return None
        intact = hashlib.sha256(payload).hexdigest() == update.payload_sha256
        return (update, payload) if intact else None

    def forget(self, run: str, round_number: int) -> None:
        """Delete the updates of a round that has settled."""
        for update in self.list():
            if (update.key.run, update.key.round) == (run, round_number):
                self._delete(update.key)

    def forget_before(self, run: str, round_number: int) -> None:
        """Delete the updates of a run's earlier rounds: a later one exists, so they settled."""
        for update in self.list():
            if update.key.run == run and update.key.round < round_number:
                self._delete(update.key)

    def sweep(self) -> None:
        """Delete what a crash left behind of updates that were not complete."""
        whole = {path.stem for path in self._folder.glob(f"*{_HEADER}")}
        for path in self._folder.glob("*"):
            if path.stem not in whole:
                path.unlink()

    def list(self) -> Iterator[StoredUpdate]:
        """Yield every stored update, ordered by file name."""
        for path in sorted(self._folder.glob(f"*{_HEADER}")):
            update = _read(path)
            if update is not None:
                yield update

    def _delete(self, key: UpdateKey) -> None:
        path = self._path(key)
        for ending in (_HEADER, _PAYLOAD):
            path.with_name(path.name + ending).unlink(missing_ok=True)

    def _path(self, key: UpdateKey) -> Path:
        return self._folder / f"{safe_name(key.run)}.{key.round:06d}.{safe_name(key.line)}"


def _read(path: Path) -> StoredUpdate | None:
    document = read_json(path)
    if document is None:
        return None
    try:
        document["key"] = UpdateKey(**document["key"])
        document["recipe"] = UpdateRecipe(**document["recipe"])
        return StoredUpdate(**document)
    except (KeyError, TypeError):
        # Written by another version; the update is trained again.
        return None
