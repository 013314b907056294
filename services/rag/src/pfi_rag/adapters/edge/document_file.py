"""A document as a file: a line of JSON about it, then of each passage a line of JSON and the text.

Text stands in these files as plain UTF-8 and nowhere else, so that a search of the raw files for a
text tells whether it is there.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pfi_common.errors import IndexDamagedError
from pfi_common.identity.files import PRIVATE
from pfi_rag.adapters.record_codec import record_fields, record_of
from pfi_rag.domain.documents import DocumentRecord, StoredPassage

_FORMAT = 1
_decode = json.JSONDecoder().decode
_PASSAGE_FIELDS = {"headings", "first_line", "last_line", "text_bytes"}


@dataclass(frozen=True, slots=True)
class Span:
    """Where a passage stands in its document's file.

    Attributes:
        offset: First byte.
        length: Bytes.
    """

    offset: int
    length: int


def write_document(
    path: Path, record: DocumentRecord, passages: Sequence[StoredPassage]
) -> list[Span]:
    """Writes the file, durable except for its name, and says where each passage stands."""
    blocks = [_block(passage) for passage in passages]
    head = _head(record, sum(map(len, blocks)))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines([head, *blocks])
        file.flush()
        os.fsync(file.fileno())
    return list(_spans(len(head), blocks))


def read_record(path: Path) -> DocumentRecord:
    """Reads what is known of a document.

    Raises:
        IndexDamagedError: The file is cut off or is not such a file.
    """
    with path.open("rb") as file:
        line = file.readline()
        size = os.fstat(file.fileno()).st_size
    try:
        head = json.loads(line)
        record = record_of(head)
        whole = head["format"] == _FORMAT and size == len(line) + head["body_bytes"]
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise _damaged(path)
    return record


def read_passage(path: Path | str, span: Span, position: int) -> StoredPassage:
    """Reads one passage.

    Raises:
        FileNotFoundError: The document was replaced or deleted meanwhile.
        IndexDamagedError: There is no passage at this place.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        block = os.pread(descriptor, span.length, span.offset)
    finally:
        os.close(descriptor)
    return _passage(block, position, path)


def read_passages(path: Path) -> Iterator[tuple[Span, StoredPassage]]:
    """Reads all passages in order.

    Raises:
        IndexDamagedError: The file is not as it was written.
    """
    with path.open("rb") as file:
        offset = len(file.readline())
        position = 0
        while line := file.readline():
            block = line + file.read(_fields(line, path)["text_bytes"] + 1)
            yield Span(offset, len(block)), _passage(block, position, path)
            offset += len(block)
            position += 1


def _head(record: DocumentRecord, body_bytes: int) -> bytes:
    fields = {"format": _FORMAT, **record_fields(record), "body_bytes": body_bytes}
    return json.dumps(fields).encode() + b"\n"


def _block(passage: StoredPassage) -> bytes:
    text = passage.text.encode("utf-8", "surrogatepass")
    fields = {
        "headings": passage.headings,
        "first_line": passage.first_line,
        "last_line": passage.last_line,
        "text_bytes": len(text),
    }
    return json.dumps(fields).encode() + b"\n" + text + b"\n"


def _spans(offset: int, blocks: Sequence[bytes]) -> Iterator[Span]:
    for block in blocks:
        yield Span(offset, len(block))
        offset += len(block)


def _fields(line: bytes, path: Path | str) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = _decode(line.decode("ascii"))
        if fields.keys() == _PASSAGE_FIELDS:
            return fields
    except (ValueError, AttributeError):
        pass
    raise _damaged(path)


def _damaged(path: Path | str) -> IndexDamagedError:
    return IndexDamagedError(f"The document file {Path(path).name} is damaged.")


def _passage(block: bytes, position: int, path: Path | str) -> StoredPassage:
    line, _, rest = block.partition(b"\n")
    fields = _fields(line, path)
    if len(rest) != fields["text_bytes"] + 1:
        raise _damaged(path)
    return StoredPassage(
        position=position,
        text=rest[:-1].decode("utf-8", "surrogatepass"),
        headings=tuple(fields["headings"]),
        first_line=fields["first_line"],
        last_line=fields["last_line"],
    )
