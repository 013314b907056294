"""Tickets, receipts, lineages and partial sums."""

from typing import Protocol

from pfi_aggregator.domain.lineage import Lineage
from pfi_aggregator.domain.partial_sum import PartialSum
from pfi_aggregator.domain.receipt import Receipt
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.ticket import UploadTicket


class Statements(Protocol):
    """Signed statements, serialised: tickets come in, receipts and lineages go out.

    Partial sums go out to, and come in from, aggregators of other spools.
    """

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

    def verify_lineage(self, statement: bytes, spool: str) -> Lineage:
        """Verifies and reads a lineage that the aggregator of a spool signed.

        Raises:
            SignatureInvalidError: it did not.
        """
        ...

    def sign_partial_sum(self, partial: PartialSum) -> bytes:
        """Signs a partial sum; equal ones give equal bytes."""
        ...

    def read_partial_sum(self, statement: bytes) -> PartialSum:
        """Verifies and reads a partial sum.

        Raises:
            SignatureInvalidError: it is not signed by the aggregator of the spool that it names.
            InvalidRequestError: a field breaks its rule.
        """
        ...

    def plan_sha256(self, plan: RoundPlan) -> str:
        """Gives the hash that names a plan in a partial sum."""
        ...
