"""Reads rows from text files: JSON lines, and plain texts."""

import codecs
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.reading import Reading
from pfi_client_agent.domain.row_parsing import BadRowError, parse_row
from pfi_client_agent.domain.rows import TextRow
from pfi_client_agent.domain.speakers import speakers
from pfi_client_agent.domain.text_blocks import text_blocks
from pfi_common.errors import DataUnreadableError

_SNIFFED_BYTES = 1 << 16
_NAMED_SPEAKERS = 5


def read_json_lines(path: Path, reading: Reading, data: LocalData) -> None:
    """Read one JSON object a line.

    Raises:
        DataUnreadableError: The file is binary or not UTF-8.
        OSError: It cannot be read.
    """
    _refuse_binary(path)
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            data.add(parse_row(_mapped(_decode(line), reading)))
        except BadRowError as error:
            data.skip(number, str(error))


def read_plain_text(path: Path, reading: Reading, data: LocalData) -> None:
    """Read the paragraphs of a text, or the speeches of one speaker.

    Raises:
        DataUnreadableError: The file is binary or not UTF-8, or the speaker is not in it.
        OSError: It cannot be read.
    """
    text = read_text(path)
    blocks = (
        text_blocks(text) if reading.speaker is None else _speeches(path, text, reading.speaker)
    )
    for block in blocks:
        data.add(TextRow(block))


def read_text(path: Path) -> str:
    """Read a text file.

    Raises:
        DataUnreadableError: The file is binary or not UTF-8.
        OSError: It cannot be read.
    """
    _refuse_binary(path)
    return "".join(line for _, line in _lines(path))


def _speeches(path: Path, text: str, speaker: str) -> list[str]:
    found = speakers(text)
    if speaker in found:
        return found[speaker]
    if not found:
        raise DataUnreadableError(f"{path} has no block that begins with a line `NAME:`.")
    most = sorted(found, key=lambda name: (-len(found[name]), name))[:_NAMED_SPEAKERS]
    raise DataUnreadableError(
        f"{speaker} does not speak in {path}; {len(found)} others do, most of all "
        f"{', '.join(most)}."
    )


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


def _mapped(document: object, reading: Reading) -> object:
    if not reading.columns.named or not isinstance(document, Mapping):
        return document
    mapped = reading.columns.apply(document)
    if not mapped:
        raise BadRowError(f"has none of the keys {', '.join(reading.columns.named.values())}")
    return mapped


def _decode(line: str) -> object:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise BadRowError(f"is not JSON (column {error.colno}: {error.msg})") from error
    except RecursionError as error:
        raise BadRowError("is nested too deeply") from error
    except ValueError as error:
        raise BadRowError("holds a number that is too long") from error
