"""A document that somebody hands in, and what becomes of it."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pfi_common.errors import (
    DocumentInvalidError,
    DocumentTooLargeError,
    InvalidRequestError,
    PlatformError,
)

MAXIMUM_NAME_CHARACTERS = 1024
MAXIMUM_LABELS = 16
MAXIMUM_LABEL_CHARACTERS = 128

_SHA256 = re.compile(r"[0-9a-f]{64}")


class DocumentOutcome(StrEnum):
    """What became of a document."""

    ADDED = "added"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Submission:
    """What a caller says of a document.

    Attributes:
        name: Name within the caller's index.
        media_type: Media type; empty to tell by name and content.
        size_bytes: Size of the content.
        content_sha256: SHA-256 of the content, 64 hexadecimal digits.
        labels: The caller's labels.
    """

    name: str
    media_type: str
    size_bytes: int
    content_sha256: str
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        name: str,
        content: bytes,
        media_type: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> "Submission":
        """Describes a content that is at hand."""
        digest = hashlib.sha256(content).hexdigest()
        return cls(name, media_type, len(content), digest, labels or {})

    def check(self, maximum_bytes: int) -> None:
        """Refuses what breaks a rule, before any content is read.

        Raises:
            InvalidRequestError: Name, digest or labels break their rule.
            DocumentTooLargeError: The content is larger than `maximum_bytes`.
        """
        check_name(self.name)
        if not _SHA256.fullmatch(self.content_sha256):
            raise InvalidRequestError("content_sha256 is not 64 hexadecimal digits")
        check_labels(self.labels)
        if self.size_bytes > maximum_bytes:
            raise DocumentTooLargeError(
                f"The document has {self.size_bytes:,} bytes; at most {maximum_bytes:,} are taken."
            )

    def check_content(self, content: bytes) -> None:
        """Compares the content with what was said of it.

        Raises:
            DocumentInvalidError: It differs.
        """
        if len(content) != self.size_bytes:
            raise DocumentInvalidError(
                f"The header speaks of {self.size_bytes:,} bytes; {len(content):,} came."
            )
        if hashlib.sha256(content).hexdigest() != self.content_sha256:
            raise DocumentInvalidError("The content does not have the digest in its header.")


@dataclass(frozen=True, slots=True)
class DocumentResult:
    """What became of a document.

    Attributes:
        name: Its name.
        outcome: What became of it.
        document: Its id; empty when it was refused.
        passages: Passages that it has.
        error: Why it was refused.
    """

    name: str
    outcome: DocumentOutcome
    document: str = ""
    passages: int = 0
    error: PlatformError | None = None


def check_name(name: str) -> None:
    """Refuses a name that cannot be shown or kept.

    Raises:
        InvalidRequestError: It is empty, too long, or holds control characters.
    """
    if not 1 <= len(name) <= MAXIMUM_NAME_CHARACTERS:
        raise InvalidRequestError(f"a name has 1 to {MAXIMUM_NAME_CHARACTERS:,} characters")
    if not name.isprintable():
        raise InvalidRequestError("a name holds printable characters alone")


def check_labels(labels: Mapping[str, str]) -> None:
    """Refuses labels that break a rule.

    Raises:
        InvalidRequestError: There are too many, or one is too long.
    """
    if len(labels) > MAXIMUM_LABELS:
        raise InvalidRequestError(f"there may be at most {MAXIMUM_LABELS} labels")
    for text in (*labels.keys(), *labels.values()):
        if not (1 <= len(text) <= MAXIMUM_LABEL_CHARACTERS and text.isprintable()):
            raise InvalidRequestError(
                f"labels have 1 to {MAXIMUM_LABEL_CHARACTERS} printable characters"
            )
