"""Receipts."""

from pfi.aggregator.v1 import ticket_pb2
from pfi_aggregator.domain.receipt import Receipt


def write_receipt(receipt: Receipt) -> ticket_pb2.UpdateReceipt:
    """Writes a receipt."""
    state = (
        ticket_pb2.RECEIPT_STATE_VOIDED if receipt.voided else ticket_pb2.RECEIPT_STATE_COMMITTED
    )
    return ticket_pb2.UpdateReceipt(
        run=receipt.key.run,
        round=receipt.key.round,
        attempt=receipt.key.attempt,
        line=receipt.key.line,
        task=receipt.update.task,
        client=receipt.update.client,
        payload_sha256=receipt.update.payload_sha256,
        weight_units=receipt.update.weight_units,
        clip_factor=receipt.update.clip_factor,
        state=state,
    )
