"""Permission to upload one update."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pfi_aggregator.domain.names import check_digest, check_name
from pfi_aggregator.domain.round_key import RoundKey
from pfi_common.errors import TicketExpiredError, TicketForeignError
from pfi_common.tensors.encoding import EncodingValue

CLOCK_DIFFERENCE = timedelta(seconds=60)
"""How far the clocks of coordinator and aggregator may lie apart."""


@dataclass(frozen=True)
class Caller:
    """Who calls, as its certificate says.

    Attributes:
        client: Client id.
        key_sha256: SHA-256 of the certificate's public key.
    """

    client: str
    key_sha256: str


@dataclass(frozen=True)
class UploadTicket:
    """A ticket whose signature has been verified. Fields as in `ticket.proto`.

    Raises:
        InvalidRequestError: a name cannot be part of a path.
    """

    key: RoundKey
    task: str
    client: str
    key_sha256: str
    schema_digest: str
    base_digest: str
    spool: str
    encoding: EncodingValue
    maximum_bytes: int
    maximum_examples: int
    expiry: datetime
    base_payload_sha256: str = ""

    def __post_init__(self) -> None:
        check_name("task", self.task)
        check_name("client", self.client)
        check_digest("key_sha256", self.key_sha256)

    @property
    def decoded_base_digest(self) -> str:
        """SHA-256 of the base's payload in the form that the client decodes."""
        return self.base_payload_sha256 or self.base_digest

    def check_holder(self, caller: Caller, spool: str) -> None:
        """Checks that the ticket was issued to the caller, for this spool.

        Raises:
            TicketForeignError: it was not.
        """
        if (self.client, self.key_sha256) != (caller.client, caller.key_sha256):
            raise TicketForeignError("The ticket was issued to another client or key.")
        if self.spool != spool:
            message = f"The ticket is for another spool; this is {spool}."
            raise TicketForeignError(message, spool=spool)

    def is_expired(self, now: datetime) -> bool:
        """Whether the time is over, clock difference granted."""
        return now > self.expiry + CLOCK_DIFFERENCE

    def check_time(self, now: datetime) -> None:
        """Checks that the ticket is still good.

        Raises:
            TicketExpiredError: it is not.
        """
        if self.is_expired(now):
            raise TicketExpiredError
