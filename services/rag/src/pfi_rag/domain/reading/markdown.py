"""Markdown (CommonMark with tables): headings as a path, and the blocks below each.

Text is kept as it was written; the parser only tells where blocks begin and end, so that nothing
of a document is lost: what the parser drops, such as link definitions, is kept as a paragraph.
"""

from collections.abc import Iterator
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from pfi_rag.domain.text import Block, Line, Section, runs, split_lines, trimmed

_PROSE = {"paragraph_open", "heading_open", "hr", "html_block"}
_CODE = {"fence", "code_block", "table_open"}
_PLAIN = {"text", "code_inline"}

_Range = tuple[int, int, bool]
"""Lines [start, stop) from 0, and whether they are code."""


def read_markdown(text: str) -> list[Section]:
    """Reads the sections of a markdown document."""
    lines = split_lines(text)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    blocks = _all_blocks(lines, _ranges(tokens, len(lines)))
    found: list[tuple[tuple[str, ...], list[Block]]] = [((), [])]
    paths = _heading_paths(tokens)
    for block in blocks:
        path = paths.get(block.lines[0].number)
        if path is not None:
            found.append((path, []))
        found[-1][1].append(block)
    return [Section(headings, tuple(listed)) for headings, listed in found if listed]


def _heading_paths(tokens: list[Token]) -> dict[int, tuple[str, ...]]:
    """Gives the path that begins at each heading, by the number of its line."""
    found: dict[int, tuple[str, ...]] = {}
    above: list[tuple[int, str]] = []
    for token, content in pairwise(tokens):
        if token.type != "heading_open" or token.level or token.map is None:
            continue
        rank = int(token.tag[1:])
        above = [item for item in above if item[0] < rank]
        title = _plain(content)
        above.append((rank, title))
        found[token.map[0] + 1] = tuple(name for _, name in above if name)
    return found


def _plain(inline: Token) -> str:
    """Gives the words of a heading without their markup."""
    pieces = (child.content for child in inline.children or () if child.type in _PLAIN)
    return " ".join("".join(pieces).split())


def _ranges(tokens: list[Token], count: int) -> list[_Range]:
    """Gives the innermost blocks, in order and without overlap."""
    found: list[_Range] = []
    reached = 0
    for token in tokens:
        if token.map is None or token.type not in _PROSE | _CODE:
            continue
        start, stop = max(token.map[0], reached), min(token.map[1], count)
        if start < stop:
            found.append((start, stop, token.type in _CODE))
            reached = stop
    return found


def _all_blocks(lines: list[Line], ranges: list[_Range]) -> Iterator[Block]:
    """Gives the parser's blocks, and between them the lines that are in none."""
    reached = 0
    for start, stop, code in ranges:
        yield from runs(lines[reached:start])
        if kept := trimmed(lines[start:stop]):
            yield Block(kept, code)
        reached = stop
    yield from runs(lines[reached:])
