from pfi_coordinator.domain.store_rules import StoreFacts, StoreMarker


class MemoryStoreProbe:
    """In-memory twin of `pfi_coordinator.application.ports.store_probe.StoreProbe`."""

    def __init__(self) -> None:
        self.kept: StoreMarker | None = None

    async def facts(self) -> StoreFacts:
        return StoreFacts("7.0.15", "standalone", append_only=True, eviction="noeviction")

    async def marker(self) -> StoreMarker | None:
        return self.kept

    async def mark(self, marker: StoreMarker) -> None:
        self.kept = marker
