"""Cuts a plain text into blocks that are small enough to be rows."""

import re
from collections.abc import Iterator

MAXIMUM_BLOCK_CHARACTERS = 1200
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n\s*")
# Where a long paragraph is best cut, best first.
_CUTS = (re.compile(r"\n"), re.compile(r"(?<=[.!?]) "), re.compile(r"\s"))


def text_blocks(text: str, maximum: int = MAXIMUM_BLOCK_CHARACTERS) -> Iterator[str]:
    """Yield the paragraphs of a text; longer ones are cut at line, sentence or word ends.

    Blank lines part paragraphs. No character but white space at the ends of blocks is lost.

    Args:
        text: Any text; line ends may be those of Unix, Windows or old Macs.
        maximum: Most characters of a block, at least 1.
    """
    for paragraph in paragraphs(text):
        yield from _cut(paragraph, maximum)


def paragraphs(text: str) -> Iterator[str]:
    """Yield what blank lines part, without white space at its ends; some may be empty."""
    for paragraph in _PARAGRAPH_END.split(text.replace("\r\n", "\n").replace("\r", "\n")):
        yield paragraph.strip()


def _cut(paragraph: str, maximum: int) -> Iterator[str]:
    while len(paragraph) > maximum:
        end = _cut_position(paragraph, maximum)
        yield paragraph[:end].rstrip()
        paragraph = paragraph[end:].lstrip()
    if paragraph:
        yield paragraph


def _cut_position(paragraph: str, maximum: int) -> int:
    window = paragraph[: maximum + 1]
    for cut in _CUTS:
        # A cut in the first half would leave a fragment with little context.
        ends = [match.start() for match in cut.finditer(window) if match.start() > maximum // 2]
        if ends:
            return ends[-1]
    return maximum
