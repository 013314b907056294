"""Wake-ups through Redis streams: one for changes of runs and clients, one for each replica."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from pfi_common.errors import StoreUnavailableError
from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.codec import SESSION
from pfi_coordinator.adapters.redis.connection import (
    BLOCK_SECONDS,
    RedisClient,
    fields,
    store_errors,
    text,
)
from pfi_coordinator.application.ports.signals import (
    ClientsChanged,
    InboxChanged,
    Resynchronise,
    RunChanged,
    SessionReplaced,
    Signal,
)

_LENGTH = 4096
_PAUSE_SECONDS = 0.2
_ENTRIES = 256


class RedisSignals:
    """`pfi_coordinator.application.ports.signals.Signals` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def run_changed(self, run: str) -> None:
        """See Signals.run_changed."""
        await self._send(keys.CHANGES, {"run": run})

    async def clients_changed(self) -> None:
        """See Signals.clients_changed."""
        await self._send(keys.CHANGES, {"clients": "1"})

    async def inbox_changed(self, clients: Sequence[str]) -> None:
        """See Signals.inbox_changed."""
        if not clients:
            return
        async with store_errors():
            sessions: list[Any] = await self._redis.hmget(keys.SESSIONS, list(clients))
            async with self._redis.pipeline(transaction=False) as pipeline:
                for replica, waiting in _by_replica(sessions).items():
                    entry = fields({"inboxes": ",".join(waiting)})
                    pipeline.xadd(keys.wake(replica), entry, maxlen=_LENGTH, approximate=True)
                await pipeline.execute()

    async def session_replaced(self, replica: str, client: str, session: str) -> None:
        """See Signals.session_replaced."""
        await self._send(keys.wake(replica), {"replaced": session, "client": client})

    async def listen(self, replica: str) -> AsyncIterator[Signal]:
        """See Signals.listen."""
        positions: dict[str, str] | None = None
        while True:
            try:
                if positions is None:
                    positions = await self._ends(keys.CHANGES, keys.wake(replica))
                    yield Resynchronise()
                for signal in await self._read(positions):
                    yield signal
            except StoreUnavailableError:
                positions = None
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _send(self, stream: str, entry: Mapping[str, str]) -> None:
        async with store_errors():
            await self._redis.xadd(stream, fields(entry), maxlen=_LENGTH, approximate=True)

    async def _ends(self, *streams: str) -> dict[str, str]:
        ends = {}
        async with store_errors():
            for stream in streams:
                last: Any = await self._redis.xrevrange(stream, count=1)
                ends[stream] = text(last[0][0]) if last else "0-0"
        return ends

    async def _read(self, positions: dict[str, str]) -> list[Signal]:
        block = int(BLOCK_SECONDS * 1000)
        async with store_errors():
            found: Any = await self._redis.xread(fields(positions), count=_ENTRIES, block=block)
        signals: list[Signal] = []
        for stream, entries in found or []:
            positions[text(stream)] = text(entries[-1][0])
            for _, entry in entries:
                signals.extend(_signals({text(key): text(value) for key, value in entry.items()}))
        return signals


def _by_replica(sessions: Iterable[bytes | None]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entry in sessions:
        if entry is not None:
            session = SESSION.validate_json(entry)
            found.setdefault(session.replica, []).append(session.client)
    return found


def _signals(entry: Mapping[str, str]) -> list[Signal]:
    if "run" in entry:
        return [RunChanged(entry["run"])]
    if "inboxes" in entry:
        return [InboxChanged(client) for client in entry["inboxes"].split(",")]
    if "replaced" in entry:
        return [SessionReplaced(entry["client"], entry["replaced"])]
    return [ClientsChanged()]
