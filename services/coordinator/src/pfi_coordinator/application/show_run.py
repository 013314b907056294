"""Shows a run, at once or when it has changed."""

import asyncio
from contextlib import suppress
from typing import Any

from pfi_coordinator.application.ports.client_registry import ClientRegistry
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.ports.signals import Resynchronise, RunChanged, Signal
from pfi_coordinator.application.ports.task_board import TaskBoard
from pfi_coordinator.application.records import RunHistory
from pfi_coordinator.application.run_view import run_view
from pfi_coordinator.domain.lines import every_line
from pfi_coordinator.domain.tasks import evaluation_scope, round_scope

MAXIMUM_WAIT_SECONDS = 60.0

_GATHER_SECONDS = 0.2
"""Hundreds of clients change a run many times a second; those who wait for it see them together."""


class RunWatchers:
    """Those who wait for a run to change."""

    def __init__(self) -> None:
        self._events: dict[str, asyncio.Event] = {}
        self.closed = False

    def event(self, run: str) -> asyncio.Event:
        """Gives the event that the next change of the run sets."""
        return self._events.setdefault(run, asyncio.Event())

    def notice(self, signal: Signal) -> None:
        """Wakes those who wait for the run; after a gap, everyone."""
        if isinstance(signal, RunChanged):
            self._set(signal.run)
        elif isinstance(signal, Resynchronise):
            self._set_all()

    def close(self) -> None:
        """Answers everyone with what there is: the service is draining."""
        self.closed = True
        self._set_all()

    def _set_all(self) -> None:
        for run in list(self._events):
            self._set(run)

    def _set(self, run: str) -> None:
        event = self._events.pop(run, None)
        if event is not None:
            event.set()


class ShowRun:
    """Shows runs by id or name."""

    def __init__(
        self, runs: RunStore, board: TaskBoard, registry: ClientRegistry, watchers: RunWatchers
    ) -> None:
        self._runs = runs
        self._board = board
        self._registry = registry
        self._watchers = watchers

    async def __call__(
        self, name: str, after_revision: int = -1, wait_seconds: float = 0.0
    ) -> dict[str, Any]:
        """Gives the run once its revision is above `after_revision`, or the time is over.

        Raises:
            RunUnknownError: There is no such run.
        """
        run = await self._runs.find(name)
        history = await self._history(run, after_revision, min(wait_seconds, MAXIMUM_WAIT_SECONDS))
        scopes = [round_scope(item.number, item.attempt, item.line) for item in history.rounds]
        lines = every_line(history.state)
        evaluations = [evaluation_scope(line.line, line.evaluations_past) for line in lines]
        found = await self._board.rows(run, [*scopes, *evaluations])
        rounds, evaluation = found[: len(scopes)], found[len(scopes) :]
        clients = await self._registry.find(sorted({client for rows in found for client in rows}))
        document = await self._runs.document(run)
        by_line = dict(zip([line.line for line in lines], evaluation, strict=True))
        return run_view(document, history, rounds, by_line, clients)

    async def _history(self, run: str, after_revision: int, wait_seconds: float) -> RunHistory:
        # The event is taken before the store is read, so that no change falls in between.
        changed = self._watchers.event(run)
        history = await self._runs.history(run)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                while history.changes <= after_revision and not self._watchers.closed:
                    await changed.wait()
                    await asyncio.sleep(_GATHER_SECONDS)
                    changed = self._watchers.event(run)
                    history = await self._runs.history(run)
        return history
