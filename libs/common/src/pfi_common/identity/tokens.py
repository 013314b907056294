"""Join tokens: where to enrol, which authority to expect there, and a one-time secret."""

import base64
import binascii
import json
import re
import zlib
from dataclasses import dataclass, field

from pfi_common.errors import TokenInvalidError

_PREFIX = "pfi1_"
_MAXIMUM_CHARACTERS = 1024
_CHECKSUM_BYTES = 4
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class JoinToken:
    """What an operator hands to a new client.

    Attributes:
        endpoint: host:port of the coordinator's enrolment port.
        authority_fingerprint: SHA-256 of the authority's certificate (DER), 64 hexadecimal digits.
        secret: One-time secret, sent to the coordinator alone.
    """

    endpoint: str
    authority_fingerprint: str
    secret: str = field(repr=False)

    def encode(self) -> str:
        """Writes the token as one word; its checksum finds a copy that lost its end."""
        parts = [self.endpoint, self.authority_fingerprint, self.secret]
        content = json.dumps(parts, separators=(",", ":")).encode()
        return _PREFIX + _to_text(content + _checksum(content))

    @classmethod
    def decode(cls, text: str) -> "JoinToken":
        """Reads a token.

        Raises:
            TokenInvalidError: It is not a token, or only a part of one.
        """
        data = _to_bytes(text.strip())
        content, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
        if _checksum(content) != checksum:
            raise TokenInvalidError("the join token is incomplete or was changed")
        token = cls(*_parts(content))
        if not _FINGERPRINT.fullmatch(token.authority_fingerprint) or not token.secret:
            raise TokenInvalidError("the join token lacks a part")
        return token


def _parts(content: bytes) -> tuple[str, str, str]:
    try:
        endpoint, authority_fingerprint, secret = map(str, json.loads(content))
    except (ValueError, TypeError):
        raise TokenInvalidError("the join token cannot be read") from None
    return endpoint, authority_fingerprint, secret


def _checksum(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, "big")


def _to_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _to_bytes(text: str) -> bytes:
    if not text.startswith(_PREFIX) or len(text) > _MAXIMUM_CHARACTERS:
        raise TokenInvalidError(f"a join token starts with {_PREFIX}")
    encoded = text.removeprefix(_PREFIX)
    try:
        padded = encoded + "=" * (-len(encoded) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise TokenInvalidError("the join token is incomplete or was changed") from None
