"""Signed statements with this aggregator's certified key."""

import hashlib

from pfi.aggregator.v1 import lineage_pb2, ticket_pb2
from pfi.common.v1 import signed_pb2
from pfi_aggregator.domain.lineage import Lineage
from pfi_aggregator.domain.partial_sum import PartialSum
from pfi_aggregator.domain.receipt import Receipt
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.wire.lineages import read_lineage, write_lineage
from pfi_aggregator.wire.parsing import parse, serialize
from pfi_aggregator.wire.partial_sums import read_partial_sum, write_partial_sum
from pfi_aggregator.wire.plans import write_plan
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

    def verify_lineage(self, statement: bytes, spool: str) -> Lineage:
        """Verifies and reads a lineage of another aggregator."""
        signed = parse(signed_pb2.SignedStatement, statement)
        signer = f"aggregator/{spool}"
        return read_lineage(self._verifier.verify(signed, lineage_pb2.Lineage, signer=signer))

    def sign_partial_sum(self, partial: PartialSum) -> bytes:
        """Signs a partial sum."""
        return serialize(self._signer.sign(write_partial_sum(partial)))

    def read_partial_sum(self, statement: bytes) -> PartialSum:
        """Verifies and reads a partial sum."""
        signed = parse(signed_pb2.SignedStatement, statement)
        signer = f"aggregator/{parse(lineage_pb2.PartialSum, signed.payload).spool}"
        verified = self._verifier.verify(signed, lineage_pb2.PartialSum, signer=signer)
        return read_partial_sum(verified)

    def plan_sha256(self, plan: RoundPlan) -> str:
        """Gives the hash that names a plan."""
        return hashlib.sha256(serialize(write_plan(plan))).hexdigest()
