"""The highest fencing token seen, in a file outside of the spool."""

from pathlib import Path

from pfi_aggregator.adapters.durable import write_durably
from pfi_common.errors import SettingsInvalidError


class FileLeaderTokens:
    """The port `LeaderTokens`."""

    def __init__(self, path: Path) -> None:
        """Reads the file.

        Raises:
            SettingsInvalidError: it is damaged; obeying any leader then would not be safe.
        """
        self._path = path
        self._highest = _read(path)

    def highest(self) -> int:
        """Gives the highest token."""
        return self._highest

    def raise_to(self, token: int) -> None:
        """Stores a higher token."""
        write_durably(self._path, str(token).encode())
        self._highest = token


def _read(path: Path) -> int:
    try:
        return int(path.read_bytes())
    except FileNotFoundError:
        return 0
    except ValueError as error:
        message = f"{path} does not hold a fencing token; restore the state folder."
        raise SettingsInvalidError(message) from error
