"""Runs in Redis."""

from datetime import datetime
from typing import Any

from pfi_common.errors import RunExistsError, RunUnknownError
from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.client_histories import write_change
from pfi_coordinator.adapters.redis.codec import ADAPTER, EFFECT, EVENT, ROUND, STATE
from pfi_coordinator.adapters.redis.connection import RedisClient, store_errors, text
from pfi_coordinator.adapters.redis.documents import read_document, write_document
from pfi_coordinator.adapters.redis.projection import (
    newest_versions,
    projected_adapters,
    projected_history,
    projected_members,
    projected_rounds,
    projected_speeds,
)
from pfi_coordinator.adapters.redis.scripts import Argument, Script
from pfi_coordinator.application.records import (
    LoggedEvent,
    RunDocument,
    RunHistory,
    RunLine,
    Step,
    StoredRun,
)
from pfi_coordinator.domain.effects import Effect, effect_key
from pfi_coordinator.domain.lines import line_order
from pfi_coordinator.domain.state import RunState

_LOG_LENGTH = 10_000


class RedisRunStore:
    """`pfi_coordinator.application.ports.run_store.RunStore` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._create = Script(redis, "create_run")
        self._save = Script(redis, "save_step")
        self._retire = Script(redis, "retire_run")

    async def create(self, document: RunDocument, state: RunState) -> None:
        """See RunStore.create."""
        run_keys = [keys.run(document.run), keys.RUN_NAMES, keys.RUNS, keys.ACTIVE_RUNS]
        arguments: list[Argument] = [document.run, document.name, document.created_at.timestamp()]
        arguments += [STATE.dump_json(state), write_document(document)]
        if not await self._create(run_keys, arguments):
            raise RunExistsError(f"a run with the name {document.name} exists", name=document.name)

    async def load(self, run: str) -> StoredRun:
        """See RunStore.load."""
        async with store_errors(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hmget(keys.run(run), ["state", "revision"])
            pipeline.hgetall(keys.outbox(run))
            (state, revision), outbox = await pipeline.execute()
        if state is None:
            raise _unknown(run)
        return StoredRun(STATE.validate_json(state), int(revision), _effects(outbox))

    async def save(self, revision: int, step: Step) -> bool:
        """See RunStore.save."""
        run = step.after.run
        arguments: list[Argument] = [revision, run, STATE.dump_json(step.after)]
        arguments += [EVENT.dump_json(step.event), step.now.isoformat()]
        arguments += [step.acknowledged or "", _LOG_LENGTH]
        effects = {effect_key(item): EFFECT.dump_json(item) for item in step.effects}
        rounds = {name: ROUND.dump_json(item) for name, item in projected_rounds(step).items()}
        versions = {
            name: ADAPTER.dump_json(item) for name, item in projected_adapters(step).items()
        }
        newest = newest_versions(step)
        by_line = {line: ADAPTER.dump_json(item) for line, item in newest.items()}
        for pairs in (effects, rounds, versions, by_line, projected_members(step)):
            arguments += [len(pairs), *(part for pair in pairs.items() for part in pair)]
        changes = [(item.client, write_change(item)) for item in projected_history(step)]
        for news in (changes, projected_speeds(step).items()):
            arguments += [len(news), *(part for pair in news for part in pair)]
        arguments.append(int(any(item.version > 0 for item in newest.values())))
        arguments.append(int(step.before.phase.ended and not step.after.phase.ended))
        return bool(await self._save(_step_keys(run), arguments))

    async def acknowledge(self, run: str, effect: str) -> None:
        """See RunStore.acknowledge."""
        async with store_errors():
            await self._redis.hdel(keys.outbox(run), effect)

    async def document(self, run: str) -> RunDocument:
        """See RunStore.document."""
        async with store_errors():
            document: Any = await self._redis.hget(keys.run(run), "document")
        if document is None:
            raise _unknown(run)
        return read_document(document)

    async def history(self, run: str) -> RunHistory:
        """See RunStore.history."""
        async with store_errors(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hmget(keys.run(run), ["state", "changes"])
            pipeline.hvals(keys.rounds(run))
            pipeline.hvals(keys.adapters(run))
            (state, changes), rounds, versions = await pipeline.execute()
        if state is None:
            raise _unknown(run)
        parsed = sorted(
            map(ROUND.validate_json, rounds),
            key=lambda item: (line_order(item.line), item.number, item.attempt),
        )
        adapters = sorted(
            map(ADAPTER.validate_json, versions),
            key=lambda item: (line_order(item.line), item.version),
        )
        return RunHistory(STATE.validate_json(state), int(changes), tuple(parsed), tuple(adapters))

    async def find(self, name: str) -> str:
        """See RunStore.find."""
        async with store_errors():
            if await self._redis.exists(keys.run(name)):
                return name
            found = await self._redis.hget(keys.RUN_NAMES, name)
        if found is None:
            raise _unknown(name)
        return text(found)

    async def lines(self) -> list[RunLine]:
        """See RunStore.lines."""
        async with store_errors():
            ordered: list[Any] = await self._redis.zrevrange(keys.RUNS, 0, -1)
            runs = [text(run) for run in ordered]
            async with self._redis.pipeline(transaction=False) as pipeline:
                for run in runs:
                    pipeline.hmget(keys.run(run), ["state", "changes", "document"])
                found = await pipeline.execute()
        return [_line(run, *parts) for run, parts in zip(runs, found, strict=True)]

    async def active(self) -> list[str]:
        """See RunStore.active."""
        async with store_errors():
            return sorted(text(run) for run in await self._redis.smembers(keys.ACTIVE_RUNS))

    async def retire(self, run: str, revision: int) -> None:
        """See RunStore.retire."""
        await self._retire([keys.run(run), keys.ACTIVE_RUNS], [run, revision])

    async def log(self, run: str) -> list[LoggedEvent]:
        """See RunStore.log."""
        async with store_errors():
            entries: Any = await self._redis.xrange(keys.log(run))
        return [_logged(entry) for _, entry in entries]


def _step_keys(run: str) -> list[str]:
    return [
        keys.run(run),
        keys.outbox(run),
        keys.log(run),
        keys.rounds(run),
        keys.adapters(run),
        keys.CHANGES,
        keys.newest(run),
        keys.LAST_PUBLISHED,
        keys.members(run),
        keys.ACTIVE_RUNS,
        keys.history(run),
        keys.SPEEDS,
    ]


def _effects(outbox: dict[bytes, bytes]) -> tuple[Effect, ...]:
    ordered = sorted(outbox.values())
    return tuple(EFFECT.validate_json(entry.partition(b"|")[2]) for entry in ordered)


def _line(run: str, state: bytes, changes: bytes, document: bytes) -> RunLine:
    name = read_document(document).name
    return RunLine(run, name, STATE.validate_json(state), int(changes))


def _logged(entry: dict[bytes, bytes]) -> LoggedEvent:
    now = datetime.fromisoformat(text(entry[b"time"]))
    return LoggedEvent(EVENT.validate_json(entry[b"event"]), now)


def _unknown(run: str) -> RunUnknownError:
    return RunUnknownError(f"there is no run {run}", run=run)
