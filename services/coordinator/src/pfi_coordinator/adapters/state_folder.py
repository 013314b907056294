"""The coordinator's own folder: certificate authority, identity, and the marker of its store."""

import json
from dataclasses import asdict
from pathlib import Path

from pfi_common.errors import SettingsInvalidError
from pfi_common.identity.files import PRIVATE, write_durably
from pfi_coordinator.domain.store_rules import StoreMarker

_MARKER_FILE = "store.json"


class StateFolder:
    """Names what lies in the folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def authority(self) -> Path:
        """Folder of the certificate authority."""
        return self.path / "authority"

    @property
    def identity(self) -> Path:
        """Folder of the coordinator's identity and signer."""
        return self.path / "identity"

    def read_marker(self) -> StoreMarker | None:
        """Gives the marker of the store that this folder belongs to.

        Raises:
            SettingsInvalidError: The file is damaged.
        """
        try:
            content = json.loads((self.path / _MARKER_FILE).read_bytes())
            return StoreMarker(str(content["authority"]), str(content["version"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise SettingsInvalidError(f"{self.path / _MARKER_FILE} is damaged") from None

    def write_marker(self, marker: StoreMarker) -> None:
        """Keeps the marker durably."""
        write_durably(self.path / _MARKER_FILE, json.dumps(asdict(marker)).encode(), PRIVATE)
