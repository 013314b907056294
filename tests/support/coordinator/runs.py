from tests.support.coordinator.histories import merge_news
from tests.support.coordinator.memory import Memory, MemoryRun

from pfi_common.errors import RunExistsError, RunUnknownError
from pfi_coordinator.adapters.redis.projection import (
    newest_versions,
    projected_adapters,
    projected_history,
    projected_rounds,
    projected_speeds,
)
from pfi_coordinator.application.records import (
    LoggedEvent,
    RunDocument,
    RunHistory,
    RunLine,
    Step,
    StoredRun,
)
from pfi_coordinator.domain.effects import effect_key
from pfi_coordinator.domain.lines import line_order
from pfi_coordinator.domain.state import RunState


class MemoryRunStore:
    """In-memory twin of `pfi_coordinator.application.ports.run_store.RunStore`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def create(self, document: RunDocument, state: RunState) -> None:
        runs = self._memory.runs
        if any(item.document.name == document.name for item in runs.values()):
            raise RunExistsError(f"a run with the name {document.name} exists")
        runs[document.run] = MemoryRun(document, state)
        self._memory.active.add(document.run)

    async def load(self, run: str) -> StoredRun:
        found = self._run(run)
        return StoredRun(found.state, found.revision, tuple(found.outbox.values()))

    async def save(self, revision: int, step: Step) -> bool:
        found = self._memory.runs.get(step.after.run)
        if found is None or found.revision != revision:
            return False
        found.revision += 1
        found.state = step.after
        found.log.append(LoggedEvent(step.event, step.now))
        found.outbox.pop(step.acknowledged or "", None)
        found.outbox |= {effect_key(effect): effect for effect in step.effects}
        found.rounds |= projected_rounds(step)
        found.adapters |= projected_adapters(step)
        newest = newest_versions(step)
        found.newest |= newest
        if any(item.version for item in newest.values()):
            self._memory.last_published = step.after.run
        for change in projected_history(step):
            merge_news(found.facts, change)
        self._memory.speeds |= projected_speeds(step)
        if step.before.phase.ended and not step.after.phase.ended:
            self._memory.active.add(step.after.run)
        self._memory.changed(step.after.run)
        return True

    async def acknowledge(self, run: str, effect: str) -> None:
        self._run(run).outbox.pop(effect, None)

    async def document(self, run: str) -> RunDocument:
        return self._run(run).document

    async def history(self, run: str) -> RunHistory:
        found = self._run(run)
        rounds = sorted(
            found.rounds.values(),
            key=lambda item: (line_order(item.line), item.number, item.attempt),
        )
        adapters = sorted(
            found.adapters.values(), key=lambda item: (line_order(item.line), item.version)
        )
        return RunHistory(found.state, found.changes, tuple(rounds), tuple(adapters))

    async def find(self, name: str) -> str:
        for run, found in self._memory.runs.items():
            if name in (run, found.document.name):
                return run
        raise RunUnknownError(f"there is no run {name}")

    async def lines(self) -> list[RunLine]:
        newest_first = sorted(
            self._memory.runs.items(), key=lambda item: item[1].document.created_at, reverse=True
        )
        return [
            RunLine(run, found.document.name, found.state, found.changes)
            for run, found in newest_first
        ]

    async def active(self) -> list[str]:
        return sorted(self._memory.active)

    async def retire(self, run: str, revision: int) -> None:
        if self._run(run).revision == revision:
            self._memory.active.discard(run)

    async def log(self, run: str) -> list[LoggedEvent]:
        return list(self._run(run).log)

    def _run(self, run: str) -> MemoryRun:
        if run not in self._memory.runs:
            raise RunUnknownError(f"there is no run {run}")
        return self._memory.runs[run]
