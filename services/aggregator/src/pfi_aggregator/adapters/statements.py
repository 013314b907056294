"""Signed statements with this aggregator's certified key."""

from pfi.aggregator.v1 import lineage_pb2, ticket_pb2
from pfi.common.v1 import signed_pb2
from pfi_aggregator.domain.lineage import Lineage
from pfi_aggregator.domain.receipt import Receipt
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.wire.lineages import read_lineage, write_lineage
from pfi_aggregator.wire.parsing import parse, serialize
from pfi_aggregator.wire.receipts import write_receipt
from pfi_aggregator.wire.tickets import read_ticket
from pfi_common.errors import InvalidRequestError, SignatureInvalidError, TicketInvalidError
from pfi_common.identity import StatementSigner, StatementVerifier

_TICKET_SIGNER = "coordinator"


class SignedStatements:
    """The port `Statements`."""

    def __init__(self, signer: StatementSigner, verifier: StatementVerifier) -> None:
        self._signer = signer
        self._verifier = verifier

    def read_ticket(self, statement: bytes) -> UploadTicket:
        """Verifies and reads a ticket."""
        try:
            signed = parse(signed_pb2.SignedStatement, statement)
            ticket = self._verifier.verify(signed, ticket_pb2.UploadTicket, signer=_TICKET_SIGNER)
            return read_ticket(ticket)
        except (InvalidRequestError, SignatureInvalidError) as error:
            raise TicketInvalidError(f"The ticket does not hold: {error.message}") from error

    def sign_receipt(self, receipt: Receipt) -> bytes:
        """Signs a receipt."""
        return serialize(self._signer.sign(write_receipt(receipt)))

    def sign_lineage(self, lineage: Lineage) -> bytes:
        """Signs a lineage."""
        return serialize(self._signer.sign(write_lineage(lineage)))

    def read_lineage(self, statement: bytes) -> Lineage:
        """Reads a lineage; its digest has been verified where it was stored."""
        signed = parse(signed_pb2.SignedStatement, statement)
        return read_lineage(parse(lineage_pb2.Lineage, signed.payload))
