"""Reads the device's data: `.jsonl` and `.txt` files."""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path

from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.row_parsing import BadRowError, parse_row
from pfi_client_agent.domain.rows import TextRow
from pfi_client_agent.domain.text_blocks import text_blocks
from pfi_common.errors import DataUnreadableError

_SNIFFED_BYTES = 1 << 16
_KINDS = ".jsonl (one JSON object a line) and .txt (paragraphs)"


def read_data(path: Path) -> LocalData:
    """Read every row of a file; rows that cannot be used are counted, with the reason.

    Raises:
        DataUnreadableError: The file is absent, unreadable, binary, not UTF-8 or of an unknown
            kind.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        ending = f"ends in `{path.suffix}`" if path.suffix else "has no ending"
        raise DataUnreadableError(f"{path} {ending}; the agent reads {_KINDS}.")
    data = LocalData(source=str(path))
    try:
        _refuse_binary(path)
        reader(path, data)
    except OSError as error:
        raise DataUnreadableError(f"{path} cannot be read: {error.strerror or error}.") from error
    return data


def _refuse_binary(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(_SNIFFED_BYTES)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataUnreadableError(f"{path} is UTF-16; save it as UTF-8.")
    if b"\x00" in start:
        raise DataUnreadableError(f"{path} is binary (byte {start.index(0)} is zero), not text.")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield numbered lines, without a byte order mark, one in memory at a time."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise DataUnreadableError(
                    f"{path} is not UTF-8: line {number}, byte {error.start + 1}. Save it as UTF-8."
                ) from error
            yield number, text.removeprefix("\ufeff") if number == 1 else text


def _read_jsonl(path: Path, data: LocalData) -> None:
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            data.add(parse_row(_decode(line)))
        except BadRowError as error:
            data.skip(number, str(error))


def _decode(line: str) -> object:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise BadRowError(f"is not JSON (column {error.colno}: {error.msg})") from error
    except RecursionError as error:
        raise BadRowError("is nested too deeply") from error
    except ValueError as error:
        raise BadRowError("holds a number that is too long") from error


def _read_text(path: Path, data: LocalData) -> None:
    for block in text_blocks("".join(line for _, line in _lines(path))):
        data.add(TextRow(block))


_READERS = {".jsonl": _read_jsonl, ".txt": _read_text}
