"""Open sessions in Redis."""

from collections.abc import Iterable
from typing import cast

from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.codec import SESSION
from pfi_coordinator.adapters.redis.connection import RedisClient, store_errors
from pfi_coordinator.adapters.redis.scripts import Argument, Script
from pfi_coordinator.domain.members import Session

_BEAT_MILLISECONDS = 10_000

_BATCH = 500
"""Sessions in one run of a script, so that it does not hold the server for long."""


class RedisPresence:
    """`pfi_coordinator.application.ports.presence.Presence` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._enter = Script(redis, "enter_session")
        self._change = Script(redis, "change_session")
        self._leave = Script(redis, "leave_session")

    async def enter(self, session: Session) -> Session | None:
        """See Presence.enter."""
        arguments: list[Argument] = [session.client, SESSION.dump_json(session)]
        old = cast("bytes | None", await self._enter([keys.SESSIONS], arguments))
        return None if old is None else SESSION.validate_json(old)

    async def change(self, before: Session, after: Session) -> bool:
        """See Presence.change."""
        records = (SESSION.dump_json(before), SESSION.dump_json(after))
        return bool(await self._change([keys.SESSIONS], [before.client, *records]))

    async def leave(self, session: Session) -> None:
        """See Presence.leave."""
        await self._leave_all([session])

    async def connected(self) -> list[Session]:
        """See Presence.connected."""
        sessions = await self._all()
        replicas = sorted({session.replica for session in sessions})
        async with store_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for replica in replicas:
                pipeline.exists(keys.replica(replica))
            beats = await pipeline.execute()
        living = {replica for replica, beat in zip(replicas, beats, strict=True) if beat}
        return [session for session in sessions if session.replica in living]

    async def beat(self, replica: str) -> None:
        """See Presence.beat."""
        async with store_errors():
            await self._redis.set(keys.replica(replica), 1, px=_BEAT_MILLISECONDS)

    async def clear(self, replica: str) -> None:
        """See Presence.clear."""
        own = [session for session in await self._all() if session.replica == replica]
        for start in range(0, len(own), _BATCH):
            await self._leave_all(own[start : start + _BATCH])

    async def _leave_all(self, sessions: Iterable[Session]) -> None:
        arguments: list[Argument] = []
        for session in sessions:
            arguments += [session.client, SESSION.dump_json(session)]
        await self._leave([keys.SESSIONS], arguments)

    async def _all(self) -> list[Session]:
        async with store_errors():
            found = await self._redis.hvals(keys.SESSIONS)
        return [SESSION.validate_json(entry) for entry in found]
