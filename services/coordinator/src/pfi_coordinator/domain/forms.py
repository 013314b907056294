"""Adapters in the encodings that clients download them in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AdapterForm:
    """An adapter's payload in one encoding, derived from the canonical one.

    Attributes:
        encoding: Name as a run specification has it.
        payload_sha256: SHA-256 of the payload.
        payload_bytes: Its size.
    """

    encoding: str
    payload_sha256: str
    payload_bytes: int
