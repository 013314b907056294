"""A document's text as its structure: sections of blocks of numbered lines."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import dropwhile


@dataclass(frozen=True, slots=True)
class Line:
    """A line, or what is left of one after markup was taken out.

    Attributes:
        number: Number in the document, from 1.
        text: The text, without the line break.
    """

    number: int
    text: str

    @property
    def blank(self) -> bool:
        """True when there is nothing to read in it."""
        return not self.text.strip()


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together: a paragraph, a list item, a table, a piece of code.

    Attributes:
        lines: The lines, in order; the first and the last are not blank.
        code: True when lines, not sentences, are what it is made of.
    """

    lines: tuple[Line, ...]
    code: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under one heading; a passage never reaches into another section.

    Attributes:
        headings: Headings above the blocks, outermost first.
        blocks: The blocks, in order; the heading itself is the first one where there is one.
    """

    headings: tuple[str, ...]
    blocks: tuple[Block, ...]


def split_lines(text: str) -> list[Line]:
    """Numbers the lines of a text; LF, CRLF and CR end a line, and nothing else does."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return [Line(number, line) for number, line in enumerate(plain.split("\n"), 1)]


def runs(lines: Iterable[Line], *, code: bool = False) -> list[Block]:
    """Groups lines that no blank line parts."""
    blocks: list[Block] = []
    current: list[Line] = []
    for line in lines:
        if line.blank:
            _close(current, blocks, code=code)
        else:
            current.append(line)
    _close(current, blocks, code=code)
    return blocks


def trimmed(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Drops blank lines at both ends."""
    kept = list(dropwhile(lambda line: line.blank, lines))
    while kept and kept[-1].blank:
        kept.pop()
    return tuple(kept)


def _close(current: list[Line], blocks: list[Block], *, code: bool) -> None:
    if current:
        blocks.append(Block(tuple(current), code))
        current.clear()
