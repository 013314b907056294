"""Statements without cryptography."""

import hashlib

from google.protobuf.message import Message

from pfi.aggregator.v1 import lineage_pb2, ticket_pb2
from pfi.common.v1 import signed_pb2
from pfi_aggregator.domain.lineage import Lineage
from pfi_aggregator.domain.partial_sum import PartialSum
from pfi_aggregator.domain.receipt import Receipt
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.wire.lineages import read_lineage, write_lineage
from pfi_aggregator.wire.partial_sums import read_partial_sum, write_partial_sum
from pfi_aggregator.wire.plans import write_plan
from pfi_aggregator.wire.receipts import write_receipt
from pfi_aggregator.wire.tickets import read_ticket
from pfi_common.errors import InvalidRequestError, SignatureInvalidError, TicketInvalidError

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

    def verify_lineage(self, statement: bytes, spool: str) -> Lineage:
        signed = signed_pb2.SignedStatement.FromString(statement)
        if signed.signature != MARK:
            raise SignatureInvalidError
        return self.read_lineage(statement)

    def sign_partial_sum(self, partial: PartialSum) -> bytes:
        return _sign(write_partial_sum(partial))

    def read_partial_sum(self, statement: bytes) -> PartialSum:
        signed = signed_pb2.SignedStatement.FromString(statement)
        if signed.signature != MARK:
            raise SignatureInvalidError
        return read_partial_sum(lineage_pb2.PartialSum.FromString(signed.payload))

    def plan_sha256(self, plan: RoundPlan) -> str:
        return hashlib.sha256(write_plan(plan).SerializeToString(deterministic=True)).hexdigest()


def _sign(message: Message) -> bytes:
    payload = message.SerializeToString(deterministic=True)
    return signed_pb2.SignedStatement(payload=payload, signature=MARK).SerializeToString()
