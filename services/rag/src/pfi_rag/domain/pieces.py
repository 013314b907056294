"""The smallest parts that passages are put together from.

A fragment is a stretch of one line. A piece is a run of fragments that should stay together: a
sentence, or a line of code. A piece longer than a passage is taken apart.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pfi_rag.domain.measure import LARGEST_PIECE_WORDS, count_words
from pfi_rag.domain.text import Block, Line

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]»”’]*(?=\s)|(?<=[。！？])")
_LIST_ITEM = re.compile(r"\s*([-*+•]|\d{1,9}[.)])\s")
_LAST_SPACE = re.compile(r"\s\S*$")
_NOT_SPACE = re.compile(r"\S")
_CUT_CHARACTERS = 400
_LONGEST_CHARACTERS = 4000
"""Nothing longer is a piece, however its words are counted, white space at its end included."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A stretch of a line.

    Attributes:
        line: Number of the line.
        block: Number of its block in the section.
        text: The text.
        space: True when white space parts it from what stands before it in the line.
    """

    line: int
    block: int
    text: str
    space: bool = True


@dataclass(frozen=True)
class Piece:
    """Fragments that should stay together."""

    fragments: tuple[Fragment, ...]

    @cached_property
    def words(self) -> int:
        """How long it is."""
        return sum(count_words(fragment.text) for fragment in self.fragments)


def pieces_of(block: Block, number: int) -> list[Piece]:
    """Takes a block apart, none of the pieces longer than `LARGEST_PIECE_WORDS`.

    Args:
        block: The block.
        number: Its number in the section.
    """
    whole = _lines_of_code(block, number) if block.code else _sentences(block, number)
    return [part for piece in whole for part in _small_enough(piece)]


def _lines_of_code(block: Block, number: int) -> Iterator[Piece]:
    for line in block.lines:
        if not line.blank:
            yield Piece((Fragment(line.number, number, line.text.rstrip()),))


def _sentences(block: Block, number: int) -> Iterator[Piece]:
    """Gives the sentences; an item of a list begins one."""
    current: list[Fragment] = []
    for line in block.lines:
        if current and _LIST_ITEM.match(line.text):
            yield Piece(tuple(current))
            current = []
        for fragment, ends in _parts_of_line(line, number):
            current.append(fragment)
            if ends:
                yield Piece(tuple(current))
                current = []
    if current:
        yield Piece(tuple(current))


def _parts_of_line(line: Line, block: int) -> Iterator[tuple[Fragment, bool]]:
    """Gives the parts of a line, and for each one whether a sentence ends with it."""
    start = 0
    text = line.text.rstrip()
    for end in [match.end() for match in _SENTENCE_END.finditer(text)] + [len(text)]:
        part = text[start:end]
        if part.strip():
            space = start == 0 or part[0].isspace()
            body = part if start == 0 else part.strip()
            yield Fragment(line.number, block, body, space), end < len(text) or _ends(text)
        start = end


def _ends(text: str) -> bool:
    return text.endswith((".", "!", "?", "…", "。", "！", "？", ":"))


def _small_enough(piece: Piece) -> Iterator[Piece]:
    """Takes a long piece apart: at its lines, then at its words, then anywhere."""
    if piece.words <= LARGEST_PIECE_WORDS:
        yield piece
        return
    current: list[Fragment] = []
    words = 0
    for fragment in (part for whole in piece.fragments for part in _cut(whole)):
        length = count_words(fragment.text)
        if current and words + length > LARGEST_PIECE_WORDS:
            yield Piece(tuple(current))
            current, words = [], 0
        current.append(fragment)
        words += length
    if current:
        yield Piece(tuple(current))


def _cut(fragment: Fragment) -> Iterator[Fragment]:
    """Cuts a long fragment at white space, and a long word where it must be.

    Looks at no more than a piece at a time: a file of megabytes may be one line.
    """
    text, start, space = fragment.text, 0, fragment.space
    while len(text) - start > _LONGEST_CHARACTERS or _is_long(text[start:]):
        end = start + len(_head(text[start : start + _CUT_CHARACTERS]))
        yield Fragment(fragment.line, fragment.block, text[start:end].rstrip(), space)
        space = text[end - 1].isspace() or text[end].isspace()
        start = _next_word(text, end)
    if start < len(text):
        yield Fragment(fragment.line, fragment.block, text[start:], space)


def _is_long(text: str) -> bool:
    return count_words(text) > LARGEST_PIECE_WORDS


def _next_word(text: str, start: int) -> int:
    """Gives the next place that is not white space, or the end."""
    found = _NOT_SPACE.search(text, start)
    return found.start() if found else len(text)


def _head(head: str) -> str:
    """Gives a beginning that is short enough and, where possible, ends between two words."""
    while _is_long(head):
        head = head[: len(head) * 2 // 3]
    shorter = _LAST_SPACE.sub("", head)
    return shorter if shorter.strip() else head


def tail(pieces: list[Piece], limit_words: int) -> tuple[Fragment, ...]:
    """Gives the end of a passage: whole pieces where they fit, else the last words.

    Args:
        pieces: The passage, in order.
        limit_words: Most words wanted.
    """
    kept: list[Fragment] = []
    words = 0
    for piece in reversed(pieces):
        if words + piece.words > limit_words:
            break
        kept = [*piece.fragments, *kept]
        words += piece.words
    if kept or not pieces:
        return tuple(kept)
    last = pieces[-1].fragments[-1]
    short = _last_words(last.text, limit_words)
    return (Fragment(last.line, last.block, short),) if short else ()


def _last_words(text: str, limit_words: int) -> str:
    """Gives the last words; nothing where a single one is too long."""
    words = text.split()
    chosen: list[str] = []
    for word in reversed(words):
        if count_words(" ".join([word, *chosen])) > limit_words:
            break
        chosen.insert(0, word)
    return " ".join(chosen)
