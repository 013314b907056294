"""What clients did in earlier rounds, in Redis."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.connection import RedisClient, store_errors
from pfi_coordinator.domain.facts import ClientFacts
from pfi_coordinator.domain.history import HistoryChange

_BATCH = 1000
"""Clients in one command, so that none holds the server for long."""


class RedisClientHistories:
    """`pfi_coordinator.application.ports.client_histories.ClientHistories` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def find(self, run: str, clients: Collection[str]) -> tuple[ClientFacts, ...]:
        """See ClientHistories.find."""
        asked = sorted(clients)
        rows = await self._values(keys.history(run), asked)
        speeds = await self._values(keys.SPEEDS, asked)
        return tuple(
            _facts(client, row, speed)
            for client, row, speed in zip(asked, rows, speeds, strict=True)
            if row is not None or speed is not None
        )

    async def _values(self, key: str, clients: Sequence[str]) -> list[bytes | None]:
        found: list[Any] = []
        async with store_errors():
            for start in range(0, len(clients), _BATCH):
                found += await self._redis.hmget(key, list(clients[start : start + _BATCH]))
        return found


def write_change(change: HistoryChange) -> str:
    """Writes what the script `save_step` merges into a client's row."""
    values = {
        "selected_round": change.selected_round or None,
        "dropped": change.dropped or None,
        "seconds": change.seconds,
        "reported_round": change.reported_round or None,
        "utility": change.utility,
    }
    return json.dumps({name: value for name, value in values.items() if value is not None})


def _facts(client: str, row: bytes | None, speed: bytes | None) -> ClientFacts:
    known = {} if row is None else json.loads(row)
    return ClientFacts(
        client=client,
        selected=int(known.get("selected", 0)),
        selected_round=int(known.get("selected_round", 0)),
        reported_round=int(known.get("reported_round", 0)),
        seconds=known.get("seconds"),
        utility=known.get("utility"),
        dropped=int(known.get("dropped", 0)),
        steps_per_second=None if speed is None else float(speed),
    )
