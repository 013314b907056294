"""Gives an adapter as a PEFT folder in a zip, which a worker makes."""

import json

from pfi_common.artifacts import ArtifactStore
from pfi_common.errors import ExportFailedError
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.list_adapters import ListAdapters
from pfi_coordinator.application.ports.export_queue import ExportLedger, ExportOrder, ExportQueue

MAXIMUM_ORDERS = 5
"""How often an export is ordered before it is called failed."""


class ExportAdapter:
    """Orders exports, again when a worker lost one, and gives the result."""

    def __init__(
        self,
        adapters: ListAdapters,
        artifacts: ArtifactStore,
        queue: ExportQueue,
        ledger: ExportLedger,
    ) -> None:
        self._adapters = adapters
        self._artifacts = artifacts
        self._queue = queue
        self._ledger = ledger

    async def __call__(self, digest: str) -> bytes | None:
        """Gives the zip, or None while it is being made.

        Raises:
            AdapterUnknownError: There is no such adapter.
            ExportFailedError: No worker has finished it after several orders.
        """
        document, adapter = await self._adapters.origin(digest)
        pointer = await self._artifacts.get_named(f"exports/{digest}.json")
        if pointer is not None:
            return await self._artifacts.get("exports", json.loads(pointer)["digest"])
        backbone = document.spec.backbone
        await self._order(
            ExportOrder(digest, adapter.schema_digest, backbone.model, backbone.revision or "")
        )
        return None

    async def _order(self, order: ExportOrder) -> None:
        count = await self._ledger.order(order.adapter_digest)
        if count is None:
            return
        if count > MAXIMUM_ORDERS:
            await self._ledger.clear(order.adapter_digest)
            raise ExportFailedError(
                f"no worker finished the export after {MAXIMUM_ORDERS} orders; is one running?",
                digest=order.adapter_digest,
            )
        get_logger().info(LogEvent.EXPORT_ORDERED, adapter_digest=order.adapter_digest, count=count)
        await self._queue.send(order)
