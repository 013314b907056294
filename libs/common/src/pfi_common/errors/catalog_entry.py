"""What a caller is told about one reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """The public face of one error reason.

    Attributes:
        status: Name of the gRPC status that carries the reason.
        sentence: What happened, for people; says nothing about data or internals.
        next_step: What the reader does next.
        retryable: True when the same call may succeed later without any change by the caller.
    """

    status: str
    sentence: str
    next_step: str
    retryable: bool = False
