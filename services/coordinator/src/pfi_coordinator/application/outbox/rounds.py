"""Commands about an attempt of a round."""

from contextlib import suppress
from dataclasses import replace

from pfi_common.errors import InternalError, RoundUnknownError
from pfi_coordinator.application.ports.aggregators import (
    Aggregators,
    Attempt,
    Counted,
    Opening,
)
from pfi_coordinator.application.ports.signals import Signals
from pfi_coordinator.application.ports.sketch_store import SketchStore
from pfi_coordinator.application.ports.task_board import TaskBoard
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.effects import AbortRound, OpenRound, SealRound, SettleRound
from pfi_coordinator.domain.events import RoundAborted, RoundOpened, RoundSealed
from pfi_coordinator.domain.partition import ends_probe
from pfi_coordinator.domain.state import RunState
from pfi_coordinator.domain.tasks import Notice, RowChange, TaskName, TaskState, round_scope


class CommandRounds:
    """Carries out OpenRound, SealRound, AbortRound and SettleRound."""

    def __init__(
        self,
        aggregators: Aggregators,
        board: TaskBoard,
        signals: Signals,
        sketches: SketchStore,
    ) -> None:
        self._sketches = sketches
        self._aggregators = aggregators
        self._board = board
        self._signals = signals

    async def open(
        self, document: RunDocument, state: RunState, effect: OpenRound, token: int
    ) -> RoundOpened:
        """Opens the attempt on the run's base."""
        if state.base is None:
            raise InternalError("a round was to be opened before version 0 was published")
        opening = Opening(state.base, state.rules.minimum)
        await self._aggregators.open_round(token, _attempt(document, effect), document, opening)
        return RoundOpened(effect.number, effect.attempt)

    async def seal(
        self, document: RunDocument, state: RunState, effect: SealRound, token: int
    ) -> RoundSealed:
        """Fixes the counted set, shows it in the rows, and keeps the sketches of a probe round."""
        attempt = _attempt(document, effect)
        counted = await self._aggregators.seal_round(token, attempt)
        sketches = {item.client: item.sketch for item in counted if item.sketch}
        if sketches and ends_probe(state, effect.number):
            await self._sketches.put(document.run, sketches)
        await self._board.change(committed_rows(attempt, counted))
        clients = tuple(sorted(item.client for item in counted))
        return RoundSealed(effect.number, effect.attempt, clients)

    async def abort(
        self, document: RunDocument, _state: RunState, effect: AbortRound, token: int
    ) -> RoundAborted:
        """Voids the attempt; one that the aggregator never opened is void already."""
        with suppress(RoundUnknownError):
            await self._aggregators.abort_round(token, _attempt(document, effect))
        return RoundAborted(effect.number, effect.attempt)

    async def settle(
        self, document: RunDocument, _state: RunState, effect: SettleRound, token: int
    ) -> None:
        """Deletes every attempt of the round and tells everyone who had a task in it."""
        tried = range(1, effect.attempt + 1)
        for number in tried:
            await self._settle_attempt(token, replace(_attempt(document, effect), attempt=number))
        scopes = [round_scope(effect.number, number, effect.line) for number in tried]
        rows = await self._board.rows(document.run, scopes)
        for scope, found in zip(scopes, rows, strict=True):
            for client in found:
                # Whoever was counted and never reported has nothing left to report.
                name = TaskName(document.run, scope, client)
                if await self._board.is_open(name):
                    await self._board.finish(RowChange(name, TaskState.COMPLETED))
        clients = sorted({client for found in rows for client in found})
        notice = Notice(settled_run=document.run, settled_round=effect.number)
        await self._board.tell(clients, notice)
        await self._signals.inbox_changed(clients)

    async def _settle_attempt(self, token: int, attempt: Attempt) -> None:
        try:
            await self._aggregators.settle_round(token, attempt)
        except RoundUnknownError:
            return


def committed_rows(attempt: Attempt, counted: list[Counted]) -> list[RowChange]:
    """Gives the news that these updates are durable."""
    scope = round_scope(attempt.number, attempt.attempt, attempt.line)
    return [
        RowChange(
            TaskName(attempt.run, scope, item.client),
            TaskState.COMMITTED,
            payload_bytes=item.payload_bytes,
        )
        for item in counted
    ]


def _attempt(
    document: RunDocument, effect: OpenRound | SealRound | AbortRound | SettleRound
) -> Attempt:
    return Attempt(document.run, document.spool, effect.number, effect.attempt, effect.line)
