"""From sections to passages, along the structure of the text and with overlap.

A passage has about `TARGET_WORDS` words. Blocks are kept whole where they fit; longer ones are
taken apart between sentences or lines of code. Each passage but the first of a section repeats the
end of the one before, at most `OVERLAP_WORDS`, so that a sentence that leans on the one before it
is found with it. The same text always gives the same passages.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from pfi_rag.domain.documents import StoredPassage
from pfi_rag.domain.measure import LARGEST_PIECE_WORDS, OVERLAP_WORDS, TARGET_WORDS
from pfi_rag.domain.pieces import Fragment, Piece, pieces_of, tail
from pfi_rag.domain.text import Section

_SMALL_REST_WORDS = 25
"""A last passage with fewer new words is joined to the one before."""


def split(sections: Iterable[Section]) -> list[StoredPassage]:
    """Splits a document into passages without vectors, in order."""
    passages: list[StoredPassage] = []
    for section in sections:
        for fragments in _passages_of(section):
            passages.append(_passage(len(passages), section.headings, fragments))
    return passages


def _passages_of(section: Section) -> Iterator[tuple[Fragment, ...]]:
    """Gives the fragments of each passage of a section."""
    overlap: tuple[Fragment, ...] = ()
    groups = _packed(_units(section))
    for group in groups:
        yield (*overlap, *(fragment for piece in group for fragment in piece.fragments))
        overlap = tail(group, OVERLAP_WORDS)


def _units(section: Section) -> Iterator[list[Piece]]:
    """Gives the blocks that fit a passage whole, and the pieces of the others."""
    for number, block in enumerate(section.blocks):
        pieces = pieces_of(block, number)
        if _words(pieces) <= LARGEST_PIECE_WORDS:
            yield pieces
        else:
            yield from ([piece] for piece in pieces)


def _packed(units: Iterable[list[Piece]]) -> list[list[Piece]]:
    """Fills passages, with room for the overlap in all but the first."""
    groups: list[list[Piece]] = [[]]
    for unit in units:
        room = TARGET_WORDS if len(groups) == 1 else LARGEST_PIECE_WORDS
        if groups[-1] and _words(groups[-1]) + _words(unit) > room:
            groups.append([])
        groups[-1] += unit
    if len(groups) > 1 and _words(groups[-1]) < _SMALL_REST_WORDS:
        rest = groups.pop()
        groups[-1] += rest
    return [group for group in groups if group]


def _words(pieces: list[Piece]) -> int:
    return sum(piece.words for piece in pieces)


def _passage(
    position: int, headings: tuple[str, ...], fragments: tuple[Fragment, ...]
) -> StoredPassage:
    return StoredPassage(
        position=position,
        text=_joined(fragments),
        headings=headings,
        first_line=fragments[0].line,
        last_line=fragments[-1].line,
    )


def _joined(fragments: tuple[Fragment, ...]) -> str:
    """Puts fragments together as they stood: in one line, in the next one, or further down."""
    text = fragments[0].text
    for before, fragment in pairwise(fragments):
        text += _between(before, fragment) + fragment.text
    return text


def _between(before: Fragment, after: Fragment) -> str:
    distance = after.line - before.line
    if before.block != after.block:
        return "\n" if distance == 1 else "\n\n"
    if distance == 0:
        return " " if after.space else ""
    return "\n" * min(distance, 2)
