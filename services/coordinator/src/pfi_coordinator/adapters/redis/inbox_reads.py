"""Inboxes, read together: a round wakes all its sessions at once, and each asks for its own."""

import asyncio
from collections.abc import Sequence
from typing import cast

from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.connection import RedisClient, text
from pfi_coordinator.adapters.redis.row_codec import read_notice
from pfi_coordinator.adapters.redis.scripts import Script
from pfi_coordinator.domain.tasks import MAXIMUM_NOTICES, Inbox

_BATCH = 100
"""Inboxes in one run of the script, so that it does not hold the server for long."""


class InboxReads:
    """Reads inboxes. Those that are asked for while a read is under way share the next one."""

    def __init__(self, redis: RedisClient) -> None:
        self._read = Script(redis, "read_inboxes")
        self._turn = asyncio.Lock()
        self._clients: list[str] = []
        self._next: asyncio.Task[dict[str, Inbox]] | None = None

    async def __call__(self, client: str) -> Inbox:
        """Gives what a client has to be sent, read after this was called.

        Raises:
            StoreUnavailableError: Redis does not answer.
        """
        self._clients.append(client)
        if self._next is None:
            self._next = asyncio.create_task(self._read_next())
            self._next.add_done_callback(_noticed)
        # One session that ends must not take the others' read along.
        return (await asyncio.shield(self._next))[client]

    async def _read_next(self) -> dict[str, Inbox]:
        async with self._turn:
            clients, self._clients, self._next = list(dict.fromkeys(self._clients)), [], None
            found: dict[str, Inbox] = {}
            for start in range(0, len(clients), _BATCH):
                batch = clients[start : start + _BATCH]
                found |= zip(batch, await self._read_batch(batch), strict=True)
            return found

    async def _read_batch(self, clients: Sequence[str]) -> list[Inbox]:
        named = [key(client) for client in clients for key in (keys.inbox, keys.notices)]
        reply = cast("list[bytes | list[bytes]]", await self._read(named, [MAXIMUM_NOTICES]))
        return [_inbox(*pair) for pair in zip(reply[::2], reply[1::2], strict=True)]


def _inbox(tasks: bytes | list[bytes], notices: bytes | list[bytes]) -> Inbox:
    pairs, lines = cast("list[bytes]", tasks), cast("bytes", notices).split(b"\n")
    messages = dict(zip(map(text, pairs[::2]), pairs[1::2], strict=True))
    return Inbox(messages, tuple(read_notice(line) for line in lines if line))


def _noticed(read: asyncio.Task[dict[str, Inbox]]) -> None:
    """Looks at a failure that nobody may wait for any more."""
    if not read.cancelled():
        read.exception()
