from tests.support.coordinator.memory import Memory

from pfi_coordinator.application.ports.partition_queue import PartitionOrder
from pfi_coordinator.application.ports.sketch_store import Sketches
from pfi_coordinator.domain.lines import line_of


class MemorySketchStore:
    """In-memory twin of `pfi_coordinator.application.ports.sketch_store.SketchStore`."""

    def __init__(self) -> None:
        self._sketches: dict[str, Sketches] = {}

    async def put(self, run: str, sketches: Sketches) -> None:
        self._sketches[run] = dict(sorted(sketches.items()))

    async def get(self, run: str) -> Sketches:
        return self._sketches.get(run, {})

    async def delete(self, run: str) -> None:
        self._sketches.pop(run, None)


class MemoryPartitionQueue:
    """In-memory twin of `pfi_coordinator.application.ports.partition_queue.PartitionQueue`."""

    def __init__(self) -> None:
        self.orders: list[PartitionOrder] = []

    async def send(self, order: PartitionOrder) -> None:
        self.orders.append(order)


class MemoryMemberships:
    """In-memory twin of `pfi_coordinator.application.ports.memberships.Memberships`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def line_of(self, run: str, client: str) -> str | None:
        found = self._memory.runs.get(run)
        return None if found is None else line_of(found.state, client)
