"""Tickets, receipts and lineages."""

from typing import Protocol

from pfi_aggregator.domain.lineage import Lineage
from pfi_aggregator.domain.receipt import Receipt
from pfi_aggregator.domain.ticket import UploadTicket


class Statements(Protocol):
    """Signed statements, serialised: tickets come in, receipts and lineages go out."""

    def read_ticket(self, statement: bytes) -> UploadTicket:
        """Verifies and reads a ticket.

        Raises:
            TicketInvalidError: signature or content do not hold.
        """
        ...

    def sign_receipt(self, receipt: Receipt) -> bytes:
        """Signs a receipt; equal receipts give equal bytes."""
        ...

    def sign_lineage(self, lineage: Lineage) -> bytes:
        """Signs a lineage."""
        ...

    def read_lineage(self, statement: bytes) -> Lineage:
        """Reads a lineage that this aggregator signed and stored."""
        ...
