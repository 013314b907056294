"""Documents and passages as a store keeps them."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

_ID_DIGITS = 16
_ID = re.compile(rf"d-[0-9a-f]{{{_ID_DIGITS}}}")


def document_id(name: str) -> str:
    """Gives the id of the document of this name: the same name is the same document."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"d-{digest[:_ID_DIGITS]}"


def is_document_id(text: str) -> bool:
    """True for what `document_id` may give."""
    return _ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """What is known of a document without its text.

    Attributes:
        document: Id, from `document_id(name)`.
        name: Name within the owner's index.
        media_type: Media type.
        content_sha256: SHA-256 of the content, 64 hexadecimal digits.
        size_bytes: Size of the content.
        passages: How many passages it has.
        added_at: When it was stored, in UTC.
        labels: The owner's labels, to filter by.
    """

    document: str
    name: str
    media_type: str
    content_sha256: str
    size_bytes: int
    passages: int
    added_at: datetime
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage of a document.

    Attributes:
        position: Number in the document, from 0 and without gaps.
        text: The text.
        headings: Headings above it, outermost first.
        first_line: First line in the document, from 1.
        last_line: Last line.
        vector: Embedding (d,), of length 1; none where no model is installed.
    """

    position: int
    text: str
    headings: tuple[str, ...]
    first_line: int
    last_line: int
    vector: NDArray[np.float32] | None = field(default=None, compare=False)

    @property
    def searchable_text(self) -> str:
        """What is embedded and what BM25 sees: the headings above the passage and its text."""
        return "\n".join([*self.headings, self.text])


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """What was erased, and what a search of the raw files says of it.

    Attributes:
        documents: Documents that were erased.
        passages: Passages that were erased.
        kept_passages: Passages that were kept.
        searched_files: Files that were searched for what was erased; 0 where a server keeps them.
        files_with_text: Files in which some of it was found; 0 of some searched files is the proof.
    """

    documents: int
    passages: int
    kept_passages: int
    searched_files: int
    files_with_text: int
