"""Source files: top-level definitions, and what stands together inside of them.

No grammar is parsed, so that any language is read: a definition begins at a line that is not
indented and follows a blank one. A definition that is too long for a passage is taken apart at its
blank lines.
"""

from collections.abc import Iterator

from pfi_rag.domain.measure import LARGEST_PIECE_WORDS, count_words
from pfi_rag.domain.text import Block, Line, Section, runs, split_lines, trimmed


def read_source(text: str) -> list[Section]:
    """Reads the blocks of a source file; the whole file is one section."""
    blocks = [part for chunk in _chunks(split_lines(text)) for part in _parts(chunk)]
    return [Section((), tuple(blocks))] if blocks else []


def _chunks(lines: list[Line]) -> Iterator[tuple[Line, ...]]:
    """Gives the top-level pieces, without blank lines around them."""
    current: list[Line] = []
    for line in lines:
        if current and current[-1].blank and _begins_definition(line):
            yield trimmed(current)
            current = []
        current.append(line)
    if kept := trimmed(current):
        yield kept


def _begins_definition(line: Line) -> bool:
    return not line.blank and not line.text[0].isspace()


def _parts(chunk: tuple[Line, ...]) -> list[Block]:
    if sum(count_words(line.text) for line in chunk) <= LARGEST_PIECE_WORDS:
        return [Block(chunk, code=True)] if chunk else []
    return runs(chunk, code=True)
