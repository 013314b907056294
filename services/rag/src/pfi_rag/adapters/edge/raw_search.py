"""Searches raw files for pieces of what was erased."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WINDOW_BYTES = 32
"""Length of the pieces that a text is searched by."""
SHORTEST_BYTES = 12
"""Shorter texts occur by chance among vectors, so finding one would say nothing."""
_ANCHOR_BYTES = 8
_FEWEST_DISTINCT = 4
_CHUNK_BYTES = 1 << 20
_TABLE_BITS = 22
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(64 - _TABLE_BITS)


def windows(data: bytes) -> Iterator[bytes]:
    """Cuts data into the pieces that are searched for; together they are all of it.

    Nothing shorter than `SHORTEST_BYTES` is given, and nothing that begins with a run of a few
    equal bytes, as unused space does.
    """
    last = max(0, len(data) - WINDOW_BYTES)
    for start in [*range(0, last, WINDOW_BYTES), last]:
        piece = data[start : start + WINDOW_BYTES]
        if len(piece) >= SHORTEST_BYTES and len(set(piece[:_ANCHOR_BYTES])) >= _FEWEST_DISTINCT:
            yield piece


class RawSearch:
    """Looks for many pieces at once.

    Args:
        pieces: What to look for, each at least `SHORTEST_BYTES` long.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._by_anchor: dict[bytes, set[bytes]] = defaultdict(set)
        for piece in pieces:
            self._by_anchor[piece[:_ANCHOR_BYTES]].add(piece)
        self._table = np.zeros(1 << _TABLE_BITS, dtype=np.bool_)
        if self._by_anchor:
            anchors = np.frombuffer(b"".join(self._by_anchor), dtype="<u8")
            self._table[_slots(anchors)] = True

    def files_holding(self, files: Collection[Path]) -> list[Path]:
        """Gives the files that hold one of the pieces, or whose name does."""
        return [path for path in files if self._name_holds(path) or self._holds(path)]

    def _name_holds(self, path: Path) -> bool:
        name = str(path).encode(errors="surrogateescape")
        return any(piece in name for pieces in self._by_anchor.values() for piece in pieces)

    def _holds(self, path: Path) -> bool:
        rest = b""
        with path.open("rb") as file:
            while block := file.read(_CHUNK_BYTES):
                if block.count(0) != len(block):
                    chunk = rest + block
                    if self._in(chunk):
                        return True
                rest = block[-WINDOW_BYTES:]
        return False

    def _in(self, chunk: bytes) -> bool:
        return any(
            chunk.startswith(piece, place)
            for place in self._candidates(chunk)
            for piece in self._by_anchor.get(chunk[place : place + _ANCHOR_BYTES], ())
        )

    def _candidates(self, chunk: bytes) -> Iterator[int]:
        """Gives the places where an anchor may begin."""
        for shift in range(min(_ANCHOR_BYTES, len(chunk))):
            count = (len(chunk) - shift) // _ANCHOR_BYTES
            words = np.frombuffer(chunk, dtype="<u8", count=count, offset=shift)
            for index in np.flatnonzero(self._table[_slots(words)]):
                yield shift + int(index) * _ANCHOR_BYTES


def _slots(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Gives each word's place in the table; multiplication of unsigned words wraps."""
    return (words * _MULTIPLIER) >> _SHIFT
