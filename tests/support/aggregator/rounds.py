"""Rounds in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.aggregator.incoming import InMemoryIncoming
from tests.support.aggregator.payloads import BytesPayload

from pfi_aggregator.application.ports import StoredUpdate
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.round_state import (
    Command,
    RoundState,
    require_command,
    require_uploads,
)
from pfi_aggregator.domain.round_view import RoundOutcome, RoundView
from pfi_aggregator.domain.stored_update import corrupt_update
from pfi_aggregator.domain.update import (
    CommittedUpdate,
    CountedUpdate,
    UpdateRecord,
    summarize,
)
from pfi_common.errors import (
    AttemptVoidedError,
    RoundFullError,
    RoundStateInvalidError,
    RoundUnknownError,
    UpdateConflictError,
)


@dataclass
class _Round:
    plan: RoundPlan | None
    state: RoundState = RoundState.OPEN
    settled: bool = False
    outcome: RoundOutcome | None = None
    counted: tuple[CountedUpdate, ...] = ()
    updates: dict[str, tuple[UpdateRecord, bytes]] = field(default_factory=dict)


class InMemoryRounds:
    """In-memory twin of `pfi_aggregator.application.ports.rounds.Rounds`."""

    def __init__(self, incoming: InMemoryIncoming) -> None:
        self._incoming = incoming
        self._rounds: dict[RoundKey, _Round] = {}

    def open(self, plan: RoundPlan) -> None:
        known = self._rounds.setdefault(plan.key, _Round(plan))
        if known.plan is None:
            raise AttemptVoidedError
        if known.plan != plan:
            raise RoundStateInvalidError

    def view(self, key: RoundKey) -> RoundView:
        known = self._known(key)
        return RoundView(known.state, None if known.settled else known.plan, known.outcome)

    def update(self, key: RoundKey, task: str) -> CommittedUpdate | None:
        known = self._rounds.get(key)
        found = known.updates.get(task) if known else None
        return summarize(found[0]) if found else None

    def committed(self, key: RoundKey, start: int) -> tuple[CommittedUpdate, ...]:
        known = self._rounds.get(key)
        records = [record for record, _ in known.updates.values()] if known else []
        return tuple(summarize(record) for record in records[start:])

    def commit(self, record: UpdateRecord) -> CommittedUpdate:
        known = self._known(record.ticket.key)
        require_uploads(known.state)
        task, payload_sha256 = record.ticket.task, record.header.payload_sha256
        if task not in known.updates:
            if len(known.updates) >= known.plan.fixed_point.maximum_updates:
                raise RoundFullError
            known.updates[task] = (record, self._incoming.payload(task, payload_sha256))
        update = summarize(known.updates[task][0])
        if update.counted.payload_sha256 != payload_sha256:
            raise UpdateConflictError
        return update

    def seal(self, key: RoundKey) -> tuple[CountedUpdate, ...]:
        known = self._live(key)
        require_command(known.state, Command.SEAL)
        if known.state is RoundState.OPEN:
            updates = [summarize(known.updates[task][0]) for task in sorted(known.updates)]
            known.counted = tuple(update.counted for update in updates)
            known.state = RoundState.SEALED
        return known.counted

    @contextmanager
    def read(self, key: RoundKey, task: str) -> Iterator[StoredUpdate]:
        found = self._live(key).updates.get(task)
        if found is None:
            raise corrupt_update(task)
        yield StoredUpdate(found[0], BytesPayload(found[1]))

    def finalize(self, key: RoundKey, outcome: RoundOutcome) -> None:
        known = self._live(key)
        require_command(known.state, Command.FINALIZE)
        known.state, known.outcome = RoundState.FINALIZED, outcome

    def abort(self, key: RoundKey) -> None:
        known = self._rounds.setdefault(key, _Round(None, settled=True))
        require_command(known.state, Command.ABORT)
        known.state = RoundState.ABORTED

    def settle(self, key: RoundKey) -> None:
        known = self._known(key)
        require_command(known.state, Command.SETTLE)
        known.settled = True
        known.updates.clear()

    def pending_keys(self) -> tuple[RoundKey, ...]:
        states = (RoundState.OPEN, RoundState.SEALED)
        return tuple(key for key, known in self._rounds.items() if known.state in states)

    def open_count(self) -> int:
        return [known.state for known in self._rounds.values()].count(RoundState.OPEN)

    def _known(self, key: RoundKey) -> _Round:
        if key not in self._rounds:
            raise RoundUnknownError
        return self._rounds[key]

    def _live(self, key: RoundKey) -> _Round:
        known = self._known(key)
        if known.settled:
            raise RoundStateInvalidError
        return known
