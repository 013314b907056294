from collections.abc import Sequence
from dataclasses import replace

from tests.support.coordinator.memory import Memory

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

_FINAL = {TaskState.COMPLETED, TaskState.ABANDONED, TaskState.CANCELLED}
_NEVER_HANDED_OUT = ""
_RANK = {state: min(rank, 3) for rank, state in enumerate(TaskState)}


class MemoryTaskBoard:
    """In-memory twin of `pfi_coordinator.application.ports.task_board.TaskBoard`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def hand_out(self, assignments: Sequence[Assignment]) -> None:
        for item in assignments:
            name = item.name
            rows = self._rows(name)
            if name.client not in rows:
                rows[name.client] = TaskRow(
                    name.text,
                    TaskState.ASSIGNED,
                    upload_encoding=item.upload_encoding,
                    device_class=item.device_class,
                )
                self._memory.inboxes.setdefault(name.client, {})[name.text] = item.message
                self._note(name)
                self._memory.changed(name.run)

    async def take_back(self, names: Sequence[TaskName], state: TaskState) -> None:
        for name in names:
            row = self._rows(name).get(name.client)
            counts = (TaskState.COMMITTED, TaskState.ABANDONED)
            if row is None:
                self._rows(name)[name.client] = TaskRow(_NEVER_HANDED_OUT, state)
            elif row.state not in _FINAL and (row.state, state) != counts:
                self._rows(name)[name.client] = replace(row, state=state)
            if self._memory.inboxes.get(name.client, {}).pop(name.text, None) is not None:
                await self.tell([name.client], Notice(cancelled_task=name.text))
            self._memory.changed(name.run)

    async def change(self, changes: Sequence[RowChange]) -> None:
        for item in changes:
            row = self._rows(item.name).get(item.name.client)
            if row is None:
                continue
            merged = replace(
                row,
                state=item.state if _RANK[item.state] > _RANK[row.state] else row.state,
                steps_done=max(row.steps_done, item.steps_done),
                steps_total=max(row.steps_total, item.steps_total),
                payload_bytes=max(row.payload_bytes, item.payload_bytes),
                metrics=row.metrics or dict(item.metrics),
            )
            if merged != row:
                self._rows(item.name)[item.name.client] = merged
                self._memory.changed(item.name.run)

    async def finish(self, change: RowChange) -> None:
        await self.change([change])
        self._memory.inboxes.get(change.name.client, {}).pop(change.name.text, None)

    async def is_open(self, name: TaskName) -> bool:
        return name.text in self._memory.inboxes.get(name.client, {})

    async def inbox(self, client: str) -> Inbox:
        tasks = dict(self._memory.inboxes.get(client, {}))
        return Inbox(tasks, tuple(self._memory.notices.get(client, [])))

    async def tell(self, clients: Sequence[str], notice: Notice) -> None:
        for client in clients:
            others = [item for item in self._memory.notices.get(client, []) if item != notice]
            self._memory.notices[client] = [notice, *others][:MAXIMUM_NOTICES]

    async def rows(self, run: str, scopes: Sequence[str]) -> list[dict[str, TaskRow]]:
        return [
            {
                client: row
                for client, row in self._memory.rows.get((run, scope), {}).items()
                if row.task != _NEVER_HANDED_OUT
            }
            for scope in scopes
        ]

    def _note(self, name: TaskName) -> None:
        recent = self._memory.recent_runs.get(name.client, [])
        others = [run for run in recent if run != name.run]
        self._memory.recent_runs[name.client] = [name.run, *others][:MAXIMUM_RECENT_RUNS]

    def _rows(self, name: TaskName) -> dict[str, TaskRow]:
        return self._memory.rows.setdefault((name.run, name.scope), {})
