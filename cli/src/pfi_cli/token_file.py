"""A file of join tokens."""

from collections.abc import Sequence
from pathlib import Path

from pfi_cli.local.federation_file import write_atomically
from pfi_common.errors import SettingsInvalidError

_OWNER_ALONE = 0o600


class TokenFileExistsError(SettingsInvalidError):
    """The file may hold tokens that nobody has used yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is a file {path} already; it is left as it is")

    @property
    def next_step(self) -> str:
        """What the reader does next."""
        return "Name another file with --out, or replace this one with --force."


def check_absent(path: Path) -> None:
    """Refuses to replace a file, before any token is made.

    Raises:
        TokenFileExistsError: There is one.
    """
    if path.exists() and not path.is_dir():
        raise TokenFileExistsError(path)


def write_tokens(path: Path, tokens: Sequence[str]) -> None:
    """Writes tokens, one per line, for their owner alone; replaces a file that is there.

    Raises:
        SettingsInvalidError: The file cannot be written.
    """
    try:
        write_atomically(path, "".join(f"{token}\n" for token in tokens), mode=_OWNER_ALONE)
    except OSError as error:
        raise SettingsInvalidError(f"{path} cannot be written: {error.strerror}") from error
