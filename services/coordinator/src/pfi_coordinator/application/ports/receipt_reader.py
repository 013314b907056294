"""Reads the aggregators' receipts."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a verified receipt says."""

    task: str
    client: str
    number: int
    attempt: int
    voided: bool


class ReceiptReader(Protocol):
    """Verifies receipts."""

    def read(self, statement: bytes, spool: str) -> Receipt:
        """Reads a receipt.

        Args:
            statement: The signed statement, serialised.
            spool: The aggregator that has to have signed it.

        Raises:
            SignatureInvalidError: It is not a receipt of that aggregator.
        """
        ...
