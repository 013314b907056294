"""Readers: one for each kind of document, from text to sections."""

from collections.abc import Callable, Mapping

from pfi_rag.domain.media_types import MediaType
from pfi_rag.domain.reading.html import read_html
from pfi_rag.domain.reading.markdown import read_markdown
from pfi_rag.domain.reading.plain import read_plain
from pfi_rag.domain.reading.source import read_source
from pfi_rag.domain.text import Section

__all__ = ["READERS", "read"]

READERS: Mapping[MediaType, Callable[[str], list[Section]]] = {
    MediaType.TEXT: read_plain,
    MediaType.MARKDOWN: read_markdown,
    MediaType.HTML: read_html,
    MediaType.SOURCE: read_source,
}
"""The reader of each kind."""


def read(media_type: MediaType, text: str) -> list[Section]:
    """Reads the structure of a document."""
    return READERS[media_type](text)
