"""Downloaded adapters by digest of their form, and the parts of interrupted downloads."""

from pathlib import Path

from pfi_client_agent.adapters.durable_files import full_disk_translated, write_file
from pfi_client_agent.adapters.state_folder import safe_name
from pfi_client_agent.domain.training import Vector
from pfi_client_agent.domain.wanted_adapter import WantedAdapter

_KEPT = 8
_PART = ".part"


class AdapterCache:
    """A folder of payloads as they were downloaded; the newest few are kept.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, wanted: WantedAdapter) -> Vector | None:
        """Give an adapter's coordinates; None when it is not here, or its bytes are not its own.

        Raises:
            AdapterInvalidError: It does not have so many.
        """
        path = self._path(wanted)
        try:
            payload = path.read_bytes()
        except FileNotFoundError:
            return None
        if not wanted.is_payload(payload):
            path.unlink()
            return None
        path.touch()
        return wanted.decode(payload)

    def part_bytes(self, wanted: WantedAdapter) -> int:
        """Give how much of an interrupted download is here."""
        try:
            return self._part(wanted).stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, wanted: WantedAdapter, data: bytes) -> None:
        """Add the next bytes of a download."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with full_disk_translated(), self._part(wanted).open("ab") as file:
            file.write(data)

    def drop_part(self, wanted: WantedAdapter) -> None:
        """Start a download again from its first byte."""
        self._part(wanted).unlink(missing_ok=True)

    def complete(self, wanted: WantedAdapter) -> Vector | None:
        """Check and keep a finished download; None when it has another digest."""
        part = self._part(wanted)
        payload = part.read_bytes()
        part.unlink()
        if not wanted.is_payload(payload):
            return None
        write_file(self._path(wanted), payload)
        self._drop_oldest()
        return self.find(wanted)

    def _path(self, wanted: WantedAdapter) -> Path:
        return self._folder / safe_name(wanted.payload_sha256)

    def _part(self, wanted: WantedAdapter) -> Path:
        return self._folder / (safe_name(wanted.payload_sha256) + _PART)

    def _drop_oldest(self) -> None:
        kept = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        for path in kept[:-_KEPT]:
            path.unlink()
