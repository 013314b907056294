from pfi_coordinator.application.ports.export_queue import ExportOrder


class MemoryExportQueue:
    """In-memory twin of `pfi_coordinator.application.ports.export_queue.ExportQueue`."""

    def __init__(self) -> None:
        self.orders: list[ExportOrder] = []

    async def send(self, order: ExportOrder) -> None:
        self.orders.append(order)


class MemoryExportLedger:
    """In-memory twin of `pfi_coordinator.application.ports.export_queue.ExportLedger`.

    Its claims last until `lapse`.
    """

    def __init__(self) -> None:
        self._orders: dict[str, int] = {}
        self._claimed: set[str] = set()

    def lapse(self) -> None:
        self._claimed.clear()

    async def order(self, adapter_digest: str) -> int | None:
        if adapter_digest in self._claimed:
            return None
        self._claimed.add(adapter_digest)
        self._orders[adapter_digest] = self._orders.get(adapter_digest, 0) + 1
        return self._orders[adapter_digest]

    async def clear(self, adapter_digest: str) -> None:
        self._orders.pop(adapter_digest, None)
        self._claimed.discard(adapter_digest)
