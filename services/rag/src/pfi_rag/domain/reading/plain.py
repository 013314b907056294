"""Plain text: paragraphs parted by blank lines."""

from pfi_rag.domain.text import Section, runs, split_lines


def read_plain(text: str) -> list[Section]:
    """Reads the paragraphs; the whole text is one section."""
    blocks = runs(split_lines(text))
    return [Section((), tuple(blocks))] if blocks else []
