"""HTML: its text, with headings as a path; scripts, styles and comments are dropped."""

import re
import warnings
from dataclasses import dataclass, field

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, XMLParsedAsHTMLWarning
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

from pfi_common.errors import DocumentInvalidError
from pfi_rag.domain.text import Block, Line, Section

_DROPPED = frozenset({"script", "style", "template", "noscript", "svg", "object"})
_INLINE_NAMES = (
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q rp rt ruby"
    " s samp small span strike strong sub sup time tt u var wbr"
)
_INLINE = frozenset(_INLINE_NAMES.split())
_CELLS = frozenset({"td", "th"})
_HEADING = re.compile(r"h([1-6])")
_BEGIN = re.compile(r"<!--|<!\[|<")
_ENDS = {"<!--": "-->", "<![": "]>", "<": ">"}
MAXIMUM_TAGS = 500_000
"""More markup than this is refused."""


def read_html(text: str) -> list[Section]:
    """Reads the sections of a page. Line numbers are those of the markup."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    with warnings.catch_warnings():
        # A page that is one word, or that says it is XML, is a page all the same.
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        soup = BeautifulSoup(_closed(plain), "html.parser")
    walk = _Walk(plain.count("\n") + 1)
    walk.through(soup)
    return walk.sections()


def _closed(text: str) -> str:
    """Makes text of what begins markup and never ends: the parser reads on to the end for each.

    Raises:
        DocumentInvalidError: There are more tags than a page has; each takes a kilobyte of memory.
    """
    if text.count("<") > MAXIMUM_TAGS:
        raise DocumentInvalidError(f"The page has more than {MAXIMUM_TAGS:,} tags.")
    ends = {end: text.rfind(end) for end in _ENDS.values()}

    def kept(begin: re.Match[str]) -> str:
        end = _ENDS.get(begin[0], ">")
        return begin[0] if begin.start() < ends[end] else f"&lt;{begin[0][1:]}"

    return _BEGIN.sub(kept, text)


@dataclass
class _Walk:
    """Reads a page from its first to its last element.

    The parser gives the line of a tag alone; the lines of text are counted from the tag before it.
    """

    last_line: int
    line: int = 1
    pieces: list[tuple[int, str]] = field(default_factory=list)
    found: list[tuple[tuple[str, ...], list[Block]]] = field(default_factory=lambda: [((), [])])
    above: list[tuple[int, str]] = field(default_factory=list)
    depth_of_code: int = 0

    def through(self, root: Tag) -> None:
        """Visits everything below an element; not recursive, for pages may be nested deeply."""
        stack: list[tuple[PageElement, bool]] = [(child, False) for child in _children(root)]
        while stack:
            element, done = stack.pop()
            if isinstance(element, NavigableString):
                self._text(element)
            elif isinstance(element, Tag):
                if done:
                    self._leave(element)
                elif self._enter(element):
                    stack.append((element, True))
                    stack += [(child, False) for child in _children(element)]
        self._close()

    def sections(self) -> list[Section]:
        """Gives what was read."""
        return [Section(headings, tuple(blocks)) for headings, blocks in self.found if blocks]

    def _enter(self, tag: Tag) -> bool:
        """Begins an element; tells whether there is anything to read in it."""
        self.line = max(self.line, tag.sourceline or 1)
        if tag.name in _DROPPED:
            return False
        if tag.name in _CELLS or tag.name == "br":
            self.pieces.append((self.line, " "))
        elif tag.name not in _INLINE:
            self._close()
        self.depth_of_code += tag.name == "pre"
        return True

    def _leave(self, tag: Tag) -> None:
        heading = _HEADING.fullmatch(tag.name)
        if heading:
            self._head(int(heading[1]))
        elif tag.name not in _INLINE | _CELLS:
            self._close()
        self.depth_of_code -= tag.name == "pre"

    def _text(self, text: NavigableString) -> None:
        for number, piece in enumerate(text.split("\n")):
            if not isinstance(text, PreformattedString):
                self.pieces.append((min(self.line + number, self.last_line), piece))
        self.line = min(self.line + text.count("\n"), self.last_line)

    def _head(self, rank: int) -> None:
        """Ends a heading: what follows is below it."""
        lines = self._lines()
        title = " ".join(line.text for line in lines)
        if not title:
            return
        self.above = [item for item in self.above if item[0] < rank]
        self.above.append((rank, title))
        self.found.append((tuple(name for _, name in self.above), [Block(lines)]))

    def _close(self) -> None:
        """Ends a block."""
        if lines := self._lines():
            self.found[-1][1].append(Block(lines, code=self.depth_of_code > 0))

    def _lines(self) -> tuple[Line, ...]:
        """Takes the text that was gathered, by line; white space is kept in code alone."""
        texts: dict[int, str] = {}
        for number, piece in self.pieces:
            texts[number] = texts.get(number, "") + piece
        self.pieces.clear()
        read = {
            number: text.rstrip() if self.depth_of_code else " ".join(text.split())
            for number, text in texts.items()
        }
        return tuple(Line(number, text) for number, text in sorted(read.items()) if text.strip())


def _children(tag: Tag) -> list[PageElement]:
    """Gives the children, last first, as a stack takes them."""
    return list(reversed(tag.contents))
