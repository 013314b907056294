"""Commands about an attempt of a round."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from pfi_common.errors import (
    InternalError,
    RoundStateInvalidError,
    RoundUnknownError,
    SpoolUnavailableError,
)
from pfi_coordinator.application.outbox.every_spool import attempts_of, every_spool, of_spool
from pfi_coordinator.application.ports.aggregators import (
    Aggregators,
    Attempt,
    Counted,
    Opening,
)
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.ports.signals import Signals
from pfi_coordinator.application.ports.sketch_store import SketchStore
from pfi_coordinator.application.ports.task_board import TaskBoard
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.effects import (
    AbortRound,
    OpenRound,
    SealRound,
    SettleRound,
    VoidRound,
)
from pfi_coordinator.domain.events import RoundAborted, RoundOpened, RoundSealed
from pfi_coordinator.domain.partition import ends_probe
from pfi_coordinator.domain.state import RoundPhase, RoundState, RunState
from pfi_coordinator.domain.tasks import Notice, RowChange, TaskName, TaskState, round_scope


class CommandRounds:
    """Carries out OpenRound, SealRound, AbortRound, VoidRound and SettleRound, on every spool."""

    def __init__(
        self,
        aggregators: Aggregators,
        board: TaskBoard,
        signals: Signals,
        sketches: SketchStore,
        runs: RunStore,
    ) -> None:
        self._sketches = sketches
        self._aggregators = aggregators
        self._board = board
        self._signals = signals
        self._runs = runs

    async def open(
        self, document: RunDocument, state: RunState, effect: OpenRound, token: int
    ) -> RoundOpened:
        """Opens the attempt on the run's base."""
        if state.base is None or state.round is None:
            raise InternalError("a round was to be opened before version 0 was published")
        opening = Opening(state.base, state.rules.minimum, state.round.spools)
        await every_spool(
            attempts_of(document.run, document.spool, state.round),
            lambda item: self._aggregators.open_round(token, item, document, opening),
        )
        return RoundOpened(effect.number, effect.attempt)

    async def seal(
        self, document: RunDocument, state: RunState, effect: SealRound, token: int
    ) -> RoundSealed:
        """Fixes the counted set, shows it in the rows, and keeps the sketches of a probe round."""
        if state.round is None:
            raise InternalError("a round was to be sealed that is not there")
        attempts = attempts_of(document.run, document.spool, state.round)
        sealed = await every_spool(attempts, lambda item: self._aggregators.seal_round(token, item))
        counted = [update for spool in sealed for update in spool.counted]
        sketches = {item.client: item.sketch for item in counted if item.sketch}
        if sketches and ends_probe(state, effect.number):
            await self._sketches.put(document.run, sketches)
        await self._board.change(committed_rows(attempts[0], counted))
        clients = tuple(sorted(item.client for item in counted))
        return RoundSealed(effect.number, effect.attempt, clients, sealed[0].pieces)

    async def abort(
        self, document: RunDocument, state: RunState, effect: AbortRound, token: int
    ) -> RoundAborted:
        """Voids the attempt; one that an aggregator never opened is void already.

        A round that can go elsewhere does not wait for a spool that is away: it hears of it later.
        """
        if state.round is None:
            raise InternalError("a round was to be aborted that is not there")
        unaware: list[str] = []

        async def void(item: Attempt) -> None:
            try:
                await of_spool(item, lambda item: self._void(token, item))
            except SpoolUnavailableError:
                if state.round is None or not state.round.elsewhere:
                    raise
                unaware.append(item.spool)

        await every_spool(attempts_of(document.run, document.spool, state.round), void)
        return RoundAborted(effect.number, effect.attempt, tuple(sorted(unaware)))

    async def void(
        self, document: RunDocument, _state: RunState, effect: VoidRound, token: int
    ) -> None:
        """Voids the attempt on spools that were away."""
        named = Attempt(document.run, "", effect.number, effect.attempt, effect.line)
        attempts = self._reachable(replace(named, spool=spool) for spool in effect.spools)
        with suppress(RoundStateInvalidError):  # settled meanwhile
            await every_spool(attempts, lambda item: self._void(token, item))

    async def settle(
        self, document: RunDocument, _state: RunState, effect: SettleRound, token: int
    ) -> None:
        """Deletes every attempt of the round and tells everyone who had a task in it."""
        tried = range(1, effect.attempt + 1)
        for opened in await self._opened(document, effect):
            published = opened.phase is RoundPhase.PUBLISHED
            settle = partial(self._settle, token, published=published)
            attempts = attempts_of(document.run, document.spool, opened)
            await every_spool(self._reachable(attempts), settle)
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

    async def _opened(self, document: RunDocument, effect: SettleRound) -> list[RoundState]:
        """Gives every attempt of the round that was opened."""
        return [
            item
            for item in (await self._runs.history(document.run)).rounds
            if (item.line, item.number) == (effect.line, effect.number)
            and item.attempt <= effect.attempt
        ]

    def _reachable(self, attempts: Iterable[Attempt]) -> list[Attempt]:
        """Leaves out spools that the federation has no more: what lay there is gone with them."""
        return [item for item in attempts if item.spool in self._aggregators.addresses]

    async def _void(self, token: int, attempt: Attempt) -> None:
        with suppress(RoundUnknownError):
            await self._aggregators.abort_round(token, attempt)

    async def _settle(self, token: int, attempt: Attempt, *, published: bool) -> None:
        if not published:
            # A spool that was away when the attempt was aborted may not have heard of it.
            with suppress(RoundStateInvalidError):
                await self._void(token, attempt)
        with suppress(RoundUnknownError):
            await self._aggregators.settle_round(token, attempt)


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
