"""Drives one run: carries its effects out, watches its round, minds its deadlines.

The driver holds nothing that is not in the store: another leader's driver goes on where this one
stopped.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from pfi_common.errors import StoreUnavailableError
from pfi_coordinator.application.leader.driving_tools import DrivingTools
from pfi_coordinator.application.leader.offer_clients import OfferClients
from pfi_coordinator.application.outbox.every_spool import attempts_of
from pfi_coordinator.application.outbox.rounds import committed_rows
from pfi_coordinator.application.ports.aggregators import Attempt, Counted
from pfi_coordinator.application.records import RunDocument, StoredRun
from pfi_coordinator.domain.effects import Effect, effect_key
from pfi_coordinator.domain.events import (
    RunSubmitted,
    Tick,
    UpdatesCommitted,
    UploadsClosed,
)
from pfi_coordinator.domain.facts import CommittedUpdate
from pfi_coordinator.domain.lines import every_line
from pfi_coordinator.domain.outbox import may_overtake
from pfi_coordinator.domain.state import UNSETTLED, RunPhase, RunState
from pfi_coordinator.domain.tasks import round_scope
from pfi_coordinator.domain.timing import next_deadline

_LONGEST_SLEEP_SECONDS = 1.0
"""Deadlines are wall-clock times, and that clock may be set while the driver sleeps."""

_STORE_PAUSE_SECONDS = 0.2


class DriveRun:
    """The driver of one run."""

    def __init__(self, tools: DrivingTools, run: str, token: int) -> None:
        self._tools = tools
        self._run = run
        self._token = token
        self._document: RunDocument | None = None
        self._news = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._commits: dict[Attempt, list[Counted]] = {}
        self._watched: set[Attempt] = set()
        self._closed: list[Attempt] = []
        self._offer_clients = OfferClients(tools, run)

    def wake(self) -> None:
        """Makes the driver look at its run again."""
        self._news.set()

    async def __call__(self) -> None:
        """Drives the run until it is at rest.

        Raises:
            LeaderSupersededError: A newer leader commands the aggregators.
        """
        try:
            while not await self._look():
                await self._rest()
            self._tools.waits.forget(self._run)
        finally:
            await self._stop()

    async def _look(self) -> bool:
        """Does everything that can be done now; True when the run is at rest."""
        self._news.clear()
        try:
            document = self._document or await self._tools.runs.document(self._run)
            self._document = document
            while True:
                stored = await self._tools.runs.load(self._run)
                self._tools.waits.saw(stored.state)
                if not await self._advance(stored.state):
                    return await self._arrange(document, stored)
        except StoreUnavailableError:
            await asyncio.sleep(_STORE_PAUSE_SECONDS)
            self.wake()
        return False

    async def _advance(self, state: RunState) -> bool:
        """Lets one thing happen that needs no effect; True when something did."""
        if self._commits:
            return await self._count_commits()
        if self._closed:
            return await self._note_closed()
        if await self._offer_clients(state):
            return True
        due = next_deadline(state)
        if due is not None and due <= self._tools.clock.now():
            return await self._tools.apply(self._run, Tick()) != state
        return False

    async def _count_commits(self) -> bool:
        """Counts every commit that has come since the last look as one event.

        A commit is forgotten when it is stored: the watch tells of each only once.
        """
        for attempt in list(self._commits):
            counted = list(self._commits[attempt])
            updates = tuple(
                CommittedUpdate(item.client, item.clipped, item.capped) for item in counted
            )
            event = UpdatesCommitted(attempt.number, attempt.attempt, updates, line=attempt.line)
            await self._tools.apply(self._run, event)
            await self._tools.board.change(committed_rows(attempt, counted))
            self._forget_commits(attempt, len(counted))
        return True

    async def _note_closed(self) -> bool:
        """Says that an attempt takes no more updates, after all of them were counted."""
        closed = self._closed[0]
        event = UploadsClosed(closed.number, closed.attempt, line=closed.line)
        await self._tools.apply(self._run, event)
        self._closed.remove(closed)
        return True

    def _forget_commits(self, attempt: Attempt, number: int) -> None:
        """Forgets the oldest commits; more may have come while those were stored."""
        later = self._commits.pop(attempt)[number:]
        if later:
            self._commits[attempt] = later

    async def _arrange(self, document: RunDocument, stored: StoredRun) -> bool:
        """Starts and stops tasks so that they fit the state; True when the run is at rest."""
        state = stored.state
        if state.phase is RunPhase.PENDING and not stored.outbox:
            # The process that stored the run ended before it said so.
            await self._tools.apply(self._run, RunSubmitted())
            self.wake()
        self._arrange_effects(document, stored)
        await self._arrange_watch(document, state)
        if state.at_rest and not stored.outbox and not self._tasks:
            await self._tools.runs.retire(self._run, stored.revision)
            return True
        return False

    def _arrange_effects(self, document: RunDocument, stored: StoredRun) -> None:
        """Runs the oldest effect of each line, and beside it those that may overtake."""
        oldest: dict[str, Effect] = {}
        for effect in stored.outbox:
            name = effect_key(effect) if may_overtake(effect) else f"effect of {effect.line}"
            oldest.setdefault(name, effect)
        for name, effect in oldest.items():
            if name not in self._tasks:
                self._start(name, self._tools.run_effect(document, effect, self._token))

    async def _arrange_watch(self, document: RunDocument, state: RunState) -> None:
        """Watches each open attempt on each of its spools."""
        open_attempts = [
            attempt
            for line in every_line(state)
            if line.round is not None and line.round.phase in UNSETTLED
            for attempt in attempts_of(self._run, document.spool, line.round)
        ]
        wanted = {_watch_name(item): item for item in open_attempts if item not in self._watched}
        for name in [name for name in self._tasks if name.startswith("watch ")]:
            if name not in wanted:
                self._tasks[name].cancel()
        for name, attempt in wanted.items():
            if name not in self._tasks:
                self._start(name, self._watch(attempt))

    async def _watch(self, attempt: Attempt) -> None:
        def found(update: Counted) -> None:
            self._commits.setdefault(attempt, []).append(update)
            self.wake()

        if await self._tools.watch_round(attempt, found):
            self._closed.append(attempt)
        self._watched.add(attempt)

    def _start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._tasks[name] = asyncio.create_task(work, name=f"{self._run} {name}")
        self._tasks[name].add_done_callback(lambda _: self.wake())

    async def _rest(self) -> None:
        """Sleeps until there is news, a deadline, or a task has ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_SLEEP_SECONDS):
                await self._news.wait()
        for name in [name for name, task in self._tasks.items() if task.done()]:
            task = self._tasks.pop(name)
            if not task.cancelled():
                task.result()

    async def _stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


def _watch_name(attempt: Attempt) -> str:
    scope = round_scope(attempt.number, attempt.attempt, attempt.line)
    return f"watch {scope} {attempt.spool}"
