"""Statements without cryptography."""

from pfi.aggregator.v1 import lineage_pb2, ticket_pb2
from pfi.common.v1 import signed_pb2
from pfi_aggregator.domain.lineage import Lineage
from pfi_aggregator.domain.receipt import Receipt
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.wire.lineages import read_lineage, write_lineage
from pfi_aggregator.wire.receipts import write_receipt
from pfi_aggregator.wire.tickets import read_ticket
from pfi_common.errors import InvalidRequestError, TicketInvalidError

MARK = b"twin"


class PlainStatements:
    """In-memory twin of `pfi_aggregator.application.ports.statements.Statements`.

    A mark is the signature.
    """

    def read_ticket(self, statement: bytes) -> UploadTicket:
        signed = signed_pb2.SignedStatement.FromString(statement)
        if signed.signature != MARK:
            raise TicketInvalidError
        try:
            return read_ticket(ticket_pb2.UploadTicket.FromString(signed.payload))
        except InvalidRequestError as error:
            raise TicketInvalidError from error

    def sign_receipt(self, receipt: Receipt) -> bytes:
        return _sign(write_receipt(receipt))

    def sign_lineage(self, lineage: Lineage) -> bytes:
        return _sign(write_lineage(lineage))

    def read_lineage(self, statement: bytes) -> Lineage:
        signed = signed_pb2.SignedStatement.FromString(statement)
        return read_lineage(lineage_pb2.Lineage.FromString(signed.payload))


def _sign(message: ticket_pb2.UpdateReceipt | lineage_pb2.Lineage) -> bytes:
    payload = message.SerializeToString(deterministic=True)
    return signed_pb2.SignedStatement(payload=payload, signature=MARK).SerializeToString()
