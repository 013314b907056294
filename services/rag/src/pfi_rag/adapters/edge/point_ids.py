"""Ids of points: each says where its passage stands, so that a passage found needs no look-up.

    4 bytes   revision of the document; no two in an index have the same
    3 bytes   number of the passage in the document
    5 bytes   first byte in the document's file
    4 bytes   bytes in the document's file

The engine knows such an id as a UUID. It is handled here as the number that it is: those are
compared and looked up ten times as fast.
"""

from dataclasses import dataclass
from uuid import UUID

from pfi_rag.adapters.edge.document_file import Span
from pfi_rag.adapters.edge.layout import revision_of

PointId = int
"""Id of a point."""
_BYTES = (4, 3, 5, 4)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a passage stands.

    Attributes:
        revision: Revision of the document.
        position: Number of the passage in the document.
        span: Place in the document's file.
    """

    revision: int
    position: int
    span: Span


def make_id(source: str, position: int, span: Span) -> UUID:
    """Makes the id of a passage.

    Raises:
        OverflowError: A number is larger than any index reaches.
    """
    numbers = (revision_of(source), position, span.offset, span.length)
    parts = [number.to_bytes(size) for number, size in zip(numbers, _BYTES, strict=True)]
    return UUID(bytes=b"".join(parts))


def read_id(point: PointId) -> Spot:
    """Reads where a passage stands."""
    data = point.to_bytes(16)
    revision, position, offset, length = (
        int.from_bytes(part) for part in (data[:4], data[4:7], data[7:12], data[12:])
    )
    return Spot(revision, position, Span(offset, length))
