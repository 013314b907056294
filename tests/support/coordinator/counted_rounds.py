from collections.abc import Collection, Mapping


class MemoryCountedRounds:
    """In-memory twin of `pfi_coordinator.application.ports.counted_rounds.CountedRounds`."""

    def __init__(self) -> None:
        self._rounds: dict[tuple[str, str], dict[str, int]] = {}

    async def note(self, run: str, line: str, number: int, clients: Collection[str]) -> None:
        known = self._rounds.setdefault((run, line), {})
        known |= {client: max(number, known.get(client, 0)) for client in clients}

    async def last(self, run: str, line: str, clients: Collection[str]) -> Mapping[str, int]:
        known = self._rounds.get((run, line), {})
        return {client: known[client] for client in clients if client in known}
