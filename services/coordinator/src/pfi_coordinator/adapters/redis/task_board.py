"""Tasks and notices in Redis."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.connection import RedisClient, store_errors
from pfi_coordinator.adapters.redis.inbox_reads import InboxReads
from pfi_coordinator.adapters.redis.row_codec import (
    read_rows,
    write_metrics,
    write_notice,
)
from pfi_coordinator.adapters.redis.scripts import Argument, Script
from pfi_coordinator.application.ports.serving_index import MAXIMUM_RECENT_RUNS
from pfi_coordinator.domain.tasks import (
    MAXIMUM_NOTICES,
    Assignment,
    Inbox,
    Notice,
    RowChange,
    TaskName,
    TaskRow,
    TaskState,
)

_CLIENT_KEYS = (keys.inbox, keys.client_runs)
"""What a new task changes of its client."""

_BATCH = 100
"""Tasks in one run of a script, so that no script holds the server for long."""

T = TypeVar("T", Assignment, RowChange, TaskName)


class RedisTaskBoard:
    """`pfi_coordinator.application.ports.task_board.TaskBoard` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._hand_out = Script(redis, "hand_out")
        self._merge = Script(redis, "merge_rows")
        self._take_back = Script(redis, "take_back")
        self._read_inbox = InboxReads(redis)

    async def hand_out(self, assignments: Sequence[Assignment]) -> None:
        """See TaskBoard.hand_out."""
        for run, scope, batch in _batches(assignments):
            owned = [key(item.name.client) for item in batch for key in _CLIENT_KEYS]
            arguments: list[Argument] = [run, MAXIMUM_RECENT_RUNS]
            for item in batch:
                arguments += [item.name.client, item.name.text, item.message]
                arguments += [item.upload_encoding, item.device_class]
            await self._hand_out([*_scope_keys(run, scope), *owned], arguments)

    async def take_back(self, names: Sequence[TaskName], state: TaskState) -> None:
        """See TaskBoard.take_back."""
        for run, scope, batch in _batches(names):
            owned = [key(name.client) for name in batch for key in (keys.inbox, keys.notices)]
            arguments: list[Argument] = [run, state.value, MAXIMUM_NOTICES]
            for name in batch:
                notice = write_notice(Notice(cancelled_task=name.text))
                arguments += [name.client, name.text, notice]
            await self._take_back([*_scope_keys(run, scope), *owned], arguments)

    async def change(self, changes: Sequence[RowChange]) -> None:
        """See TaskBoard.change."""
        for run, scope, batch in _batches(changes):
            arguments: list[Argument] = [run]
            for item in batch:
                arguments += [item.name.client, item.state.value]
                arguments += [item.steps_done, item.steps_total, item.payload_bytes]
                arguments.append(write_metrics(item.metrics))
            await self._merge(_scope_keys(run, scope), arguments)

    async def finish(self, change: RowChange) -> None:
        """See TaskBoard.finish."""
        await self.change([change])
        async with store_errors():
            await self._redis.hdel(keys.inbox(change.name.client), change.name.text)

    async def is_open(self, name: TaskName) -> bool:
        """See TaskBoard.is_open."""
        async with store_errors():
            return bool(await self._redis.hexists(keys.inbox(name.client), name.text))

    async def inbox(self, client: str) -> Inbox:
        """See TaskBoard.inbox."""
        return await self._read_inbox(client)

    async def tell(self, clients: Sequence[str], notice: Notice) -> None:
        """See TaskBoard.tell."""
        entry = write_notice(notice)
        async with store_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for client in clients:
                # Telling may be repeated, so an equal notice is replaced.
                pipeline.lrem(keys.notices(client), 0, entry)
                pipeline.lpush(keys.notices(client), entry)
                pipeline.ltrim(keys.notices(client), 0, MAXIMUM_NOTICES - 1)
            await pipeline.execute()

    async def rows(self, run: str, scopes: Sequence[str]) -> list[dict[str, TaskRow]]:
        """See TaskBoard.rows."""
        async with store_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for scope in scopes:
                pipeline.hgetall(keys.rows(run, scope))
            found = await pipeline.execute()
        return [read_rows(fields) for fields in found]


def _scope_keys(run: str, scope: str) -> list[str]:
    return [keys.rows(run, scope), keys.run(run), keys.CHANGES]


def _name(item: Assignment | RowChange | TaskName) -> TaskName:
    return item if isinstance(item, TaskName) else item.name


def _batches(items: Sequence[T]) -> Iterator[tuple[str, str, list[T]]]:
    """Groups by run and scope, which a script takes one at a time."""
    groups: dict[tuple[str, str], list[T]] = {}
    for item in items:
        name = _name(item)
        groups.setdefault((name.run, name.scope), []).append(item)
    for (run, scope), group in groups.items():
        for start in range(0, len(group), _BATCH):
            yield run, scope, group[start : start + _BATCH]
