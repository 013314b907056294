"""A file of join tokens."""

from collections.abc import Sequence
from pathlib import Path

from pfi_cli.local.federation_file import write_atomically
from pfi_common.errors import SettingsInvalidError

_OWNER_ALONE = 0o600


def write_tokens(path: Path, tokens: Sequence[str]) -> None:
    """Writes tokens, one per line, for their owner alone; replaces a file that is there.

    Raises:
        SettingsInvalidError: The file cannot be written.
    """
    try:
        write_atomically(path, "".join(f"{token}\n" for token in tokens), mode=_OWNER_ALONE)
    except OSError as error:
        raise SettingsInvalidError(f"{path} cannot be written: {error.strerror}") from error
