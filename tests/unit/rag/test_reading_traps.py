"""Documents that are made to keep a reader busy, and honest ones of unusual shape."""

import time

import pytest

from pfi_common.errors import DocumentInvalidError
from pfi_rag.domain.measure import TARGET_WORDS, count_words
from pfi_rag.domain.media_types import MediaType
from pfi_rag.domain.reading import html, read
from pfi_rag.domain.splitting import split

PATIENCE_SECONDS = 20.0
"""Each of these takes a fortieth of that, or minutes where the time grows with the square."""

TRAPS = {
    "one line of a megabyte": (MediaType.TEXT, "word " * 200_000),
    "one word of a megabyte": (MediaType.TEXT, "w" * 1_000_000),
    "many paragraphs": (MediaType.MARKDOWN, "a\n\n" * 30_000),
    "blank lines before all": (MediaType.SOURCE, "\n" * 300_000 + "x"),
    "tags that never end": (MediaType.HTML, "<a " * 100_000),
    "values that never end": (MediaType.HTML, "<a b='" * 50_000),
    "comments that never end": (MediaType.HTML, "<!--" * 50_000 + ">"),
    "sections that never end": (MediaType.HTML, "<![CDATA[" * 50_000),
    "ends that never end": (MediaType.HTML, "</" * 100_000),
    "deep nesting": (MediaType.HTML, "<div>" * 50_000 + "x"),
    "brackets": (MediaType.MARKDOWN, "![[" * 10_000),
    "deep quotations": (MediaType.MARKDOWN, ">" * 20_000 + "a"),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_time_grows_with_the_length_of_a_document(trap: str) -> None:
    media_type, text = TRAPS[trap]
    started = time.process_time()
    split(read(media_type, text))
    assert time.process_time() - started < PATIENCE_SECONDS


def test_one_long_line_is_split_without_loss() -> None:
    words = [f"word{number}" for number in range(5_000)]
    passages = split(read(MediaType.TEXT, "  " + "  ".join(words) + " " * 9_000))
    assert all(count_words(passage.text) <= TARGET_WORDS for passage in passages)
    seen = [word for passage in passages for word in passage.text.split()]
    assert list(dict.fromkeys(seen)) == words


def test_what_begins_like_markup_and_never_ends_is_text() -> None:
    [section] = read(MediaType.HTML, "<p>It holds that a <b and c</p><p>also <!-- this")
    assert [line.text for block in section.blocks for line in block.lines] == [
        "It holds that a",
        "also <!-- this",
    ]


def test_a_page_of_countless_tags_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "MAXIMUM_TAGS", 10)
    assert read(MediaType.HTML, "<b>x" * 10)
    with pytest.raises(DocumentInvalidError, match="more than 10 tags"):
        read(MediaType.HTML, "<b>x" * 11)
