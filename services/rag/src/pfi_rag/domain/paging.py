"""Pages of a sorted list, and the tokens that continue one."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from pfi_common.errors import InvalidRequestError
from pfi_rag.domain.documents import DocumentRecord
from pfi_rag.domain.ownership import Owner

MAXIMUM_PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 100

_SEAL_BYTES = 16
_PURPOSE = b"pfi-rag list documents\x00"


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list.

    Attributes:
        documents: The part.
        next_token: Continues the list; empty at its end.
    """

    documents: tuple[DocumentRecord, ...]
    next_token: str


def page_of(
    records: Sequence[DocumentRecord], owner: Owner, prefix: str, size: int, token: str
) -> Page:
    """Gives a page of the documents whose names begin with a prefix.

    Args:
        records: All documents, sorted by name.
        owner: Whose they are.
        prefix: Beginning of the names.
        size: Most documents of the page; 0 for the default.
        token: From the page before; empty for the first one.

    Raises:
        InvalidRequestError: The size is too large, or the token is not of this list and owner.
    """
    if size > MAXIMUM_PAGE_SIZE:
        raise InvalidRequestError(f"page_size is at most {MAXIMUM_PAGE_SIZE:,}")
    after = _open(token, owner, prefix) if token else None
    rest = [
        record
        for record in records
        if record.name.startswith(prefix) and (after is None or record.name > after)
    ]
    page = rest[: size or DEFAULT_PAGE_SIZE]
    more = len(rest) > len(page)
    return Page(tuple(page), _seal(page[-1].name, owner, prefix) if more else "")


def _seal(after: str, owner: Owner, prefix: str) -> str:
    payload = after.encode()
    return base64.urlsafe_b64encode(_code(payload, owner, prefix) + payload).decode().rstrip("=")


def _open(token: str, owner: Owner, prefix: str) -> str:
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
        code, payload = data[:_SEAL_BYTES], data[_SEAL_BYTES:]
        if hmac.compare_digest(code, _code(payload, owner, prefix)):
            return payload.decode()
    except (binascii.Error, ValueError):
        pass
    raise InvalidRequestError("the page token is not of this list; begin with the first page")


def _code(payload: bytes, owner: Owner, prefix: str) -> bytes:
    """Binds a token to the owner and the list. It hides nothing that its owner may not see."""
    key = hashlib.sha256(_PURPOSE + owner.uri.encode() + owner.key_sha256.encode()).digest()
    message = prefix.encode() + b"\x00" + payload
    return hmac.digest(key, message, "sha256")[:_SEAL_BYTES]
