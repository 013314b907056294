"""Where things lie in a spool."""

import hashlib
from pathlib import Path

from pfi_aggregator.domain.names import check_digest, check_name
from pfi_aggregator.domain.round_key import RoundKey
from pfi_common.errors import InvalidRequestError

PLAN, SEALED, OUTCOME, ABORTED = ".plan", ".sealed", ".outcome", ".aborted"
_INCOMING, _SETTLED, _TRASH, _LOCK = "incoming", "settled", ".trash", ".lock"
_HEADER = ".header"


class SpoolLayout:
    """Paths of one spool. Names are checked before they become a part of a path."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lock = root / _LOCK
        self.incoming = root / _INCOMING
        self.trash = root / _TRASH

    def round(self, key: RoundKey) -> Path:
        """Folder of a round's committed updates.

        Raises:
            InvalidRequestError: the run has a name that the spool needs itself.
        """
        if key.run in {_INCOMING, _SETTLED}:
            raise InvalidRequestError(f"A run cannot be called {key.run}.", field="run")
        return self.root / key.run / str(key.round) / str(key.attempt) / key.line

    def rounds(self) -> dict[RoundKey, Path]:
        """Folders of all rounds that are not deleted, sorted, whatever is left in them."""
        folders = sorted(path for path in self.root.glob("[!.]*/*/*/*") if path.is_dir())
        keys = {self._key_of(folder): folder for folder in folders}
        return {key: folder for key, folder in keys.items() if key is not None}

    def tombstone(self, key: RoundKey) -> Path:
        """File that stays of a settled round."""
        return self.root / _SETTLED / key.run / f"{key.round}.{key.attempt}.{key.line}"

    def discarded(self, key: RoundKey) -> Path:
        """Where a settled round's folder goes to be deleted."""
        return self.trash / hashlib.sha256(str(key).encode()).hexdigest()

    def _key_of(self, folder: Path) -> RoundKey | None:
        """Gives the key of a round's folder; none when the spool did not make the folder."""
        run, number, attempt, line = folder.relative_to(self.root).parts
        try:
            key = RoundKey(run, int(number), int(attempt), line)
            return key if self.round(key) == folder else None
        except (ValueError, InvalidRequestError):
            return None

    def partial(self, task: str, payload_sha256: str) -> Path:
        """File of an upload that is not committed."""
        check_name("task", task)
        check_digest("payload_sha256", payload_sha256)
        return self.incoming / f"{task}.{payload_sha256}"

    @staticmethod
    def header(partial: Path) -> Path:
        """Header beside a partial file."""
        return partial.with_name(partial.name + _HEADER)

    @staticmethod
    def is_header(path: Path) -> bool:
        """Whether a file is a header, and not what one stands beside."""
        return path.name.endswith(_HEADER)

    def headers(self) -> list[Path]:
        """Headers of all partial files, sorted."""
        return sorted(self.incoming.glob(f"*{_HEADER}"))

    @staticmethod
    def names_of(header: Path) -> tuple[str, str]:
        """Task and payload hash of a header's file."""
        task, _, payload_sha256 = header.name.removesuffix(_HEADER).rpartition(".")
        return task, payload_sha256
