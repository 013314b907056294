"""Receipts as signed statements."""

from google.protobuf.message import DecodeError

from pfi.aggregator.v1.ticket_pb2 import RECEIPT_STATE_VOIDED, UpdateReceipt
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_common.errors import SignatureInvalidError
from pfi_common.identity import StatementVerifier
from pfi_coordinator.application.ports.receipt_reader import Receipt


class SignedReceiptReader:
    """`pfi_coordinator.application.ports.receipt_reader.ReceiptReader` on Ed25519 statements."""

    def __init__(self, verifier: StatementVerifier) -> None:
        self._verifier = verifier

    def read(self, statement: bytes, spool: str) -> Receipt:
        """See ReceiptReader.read."""
        try:
            signed = SignedStatement.FromString(statement)
        except DecodeError:
            raise SignatureInvalidError("the receipt cannot be read") from None
        receipt = self._verifier.verify(signed, UpdateReceipt, signer=f"aggregator/{spool}")
        return Receipt(
            task=receipt.task,
            client=receipt.client,
            number=receipt.round,
            attempt=receipt.attempt,
            voided=receipt.state == RECEIPT_STATE_VOIDED,
        )
