from tests.support.coordinator.memory import Memory

from pfi_coordinator.domain.state import AdapterVersion


class MemoryServingIndex:
    """In-memory twin of `pfi_coordinator.application.ports.serving_index.ServingIndex`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def recent_runs(self, client: str) -> tuple[str, ...]:
        return tuple(self._memory.recent_runs.get(client, ()))

    async def last_published(self) -> str | None:
        return self._memory.last_published

    async def newest(self, run: str, line: str) -> AdapterVersion | None:
        found = self._memory.runs.get(run)
        return None if found is None else found.newest.get(line)
