from collections.abc import Collection
from dataclasses import replace

from tests.support.coordinator.memory import Memory

from pfi_coordinator.domain.facts import ClientFacts
from pfi_coordinator.domain.history import HistoryChange


class MemoryClientHistories:
    """In-memory twin of `pfi_coordinator.application.ports.client_histories.ClientHistories`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def find(self, run: str, clients: Collection[str]) -> tuple[ClientFacts, ...]:
        stored, speeds = self._memory.runs.get(run), self._memory.speeds
        facts = {} if stored is None else stored.facts
        return tuple(
            replace(facts.get(client, ClientFacts(client)), steps_per_second=speeds.get(client))
            for client in sorted(clients)
            if client in facts or client in speeds
        )


def merge_news(facts: dict[str, ClientFacts], change: HistoryChange) -> None:
    """Merges news into a client's row, as `save_step` does."""
    row = facts.get(change.client, ClientFacts(change.client))
    again = change.selected_round <= row.selected_round
    facts[change.client] = replace(
        row,
        selected=row.selected + (0 if again else 1),
        selected_round=row.selected_round if again else change.selected_round,
        dropped=row.dropped + change.dropped,
        seconds=row.seconds if change.seconds is None else change.seconds,
        reported_round=change.reported_round or row.reported_round,
        utility=row.utility if change.utility is None else change.utility,
    )
