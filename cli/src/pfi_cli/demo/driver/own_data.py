"""The user's own file, split among the clients of a demo."""

import re
from collections.abc import Sequence
from pathlib import Path

from pfi_common.errors import DataUnreadableError

_PARAGRAPH_END = re.compile(r"\n[ \t]*\n\s*")


def split_file(source: Path, clients: int, folder: Path) -> list[Path]:
    """Deals the rows of a file out to clients, one after the other, and writes a file for each.

    Args:
        source: `.jsonl` with a row per line, or `.txt` with a row per paragraph.
        clients: How many files to write.
        folder: Where to.

    Raises:
        DataUnreadableError: The file cannot be read, is of another kind, or has too few rows.
    """
    rows, separator = _read_rows(source)
    if len(rows) < clients:
        raise DataUnreadableError(f"{source} has {len(rows)} rows for {clients} clients")
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"client_{index}{source.suffix.lower()}" for index in range(clients)]
    for index, file in enumerate(files):
        file.write_text(separator.join(rows[index::clients]) + "\n", encoding="utf-8")
    return files


def _read_rows(source: Path) -> tuple[Sequence[str], str]:
    """Gives rows as they stand, good or bad (agents judge them), and what parts them."""
    try:
        text = source.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataUnreadableError(f"{source} cannot be read: {error}") from error
    if source.suffix.lower() == ".jsonl":
        return [line for line in text.split("\n") if line.strip()], "\n"
    if source.suffix.lower() == ".txt":
        return [part for part in _PARAGRAPH_END.split(text.strip()) if part], "\n\n"
    raise DataUnreadableError(f"{source} is neither .jsonl nor .txt")
