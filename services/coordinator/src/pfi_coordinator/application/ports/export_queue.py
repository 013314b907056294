"""The queue of adapter exports."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What a worker needs to know."""

    adapter_digest: str
    schema_digest: str
    backbone_model: str
    backbone_revision: str


class ExportQueue(Protocol):
    """Takes orders; a worker leaves the result in artifacts."""

    async def send(self, order: ExportOrder) -> None:
        """Queues an order.

        Raises:
            StoreUnavailableError: The broker does not answer.
        """
        ...


class ExportLedger(Protocol):
    """How often and how lately each export was ordered.

    Every method raises StoreUnavailableError when the store does not answer.
    """

    async def order(self, adapter_digest: str) -> int | None:
        """Claims the right to order an export now.

        Returns:
            How many orders there are with this one, or None when the last one is too recent.
        """
        ...

    async def clear(self, adapter_digest: str) -> None:
        """Forgets the orders of an export."""
        ...
