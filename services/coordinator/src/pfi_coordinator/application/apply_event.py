"""Lets something happen to a run: decide, and write the decision as a whole."""

import asyncio
from collections.abc import Callable
from weakref import WeakValueDictionary

from pfi_common.clock import Clock
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.records import Step
from pfi_coordinator.domain.events import Event
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.state import RunState

Observer = Callable[[Step], None]
"""Sees every decision after it was written."""


class ApplyEvent:
    """Applies events. Any replica may: the compare-and-set lets one of two decisions win.

    Within a process the events of one run take turns: of many clients that answer together all
    would decide, and one would win, again and again.
    """

    def __init__(self, runs: RunStore, clock: Clock, observe: Observer) -> None:
        self._runs = runs
        self._clock = clock
        self._observe = observe
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, run: str, event: Event, acknowledged: str | None = None) -> RunState:
        """Applies an event, deciding again when the run changed in between.

        Args:
            run: Run id.
            event: What happened; one that is late or repeated changes nothing.
            acknowledged: The effect whose outcome this is.

        Returns:
            The state afterwards.

        Raises:
            RunUnknownError: There is no such run.
            StoreUnavailableError: The store does not answer; try again.
        """
        turn = self._turns.setdefault(run, asyncio.Lock())
        async with turn:
            return await self._decided(run, event, acknowledged)

    async def _decided(self, run: str, event: Event, acknowledged: str | None) -> RunState:
        while True:
            stored = await self._runs.load(run)
            now = self._clock.now()
            state, effects = decide(stored.state, event, now)
            if state == stored.state and not effects:
                if acknowledged is not None:
                    await self._runs.acknowledge(run, acknowledged)
                return state
            step = Step(stored.state, event, now, state, effects, acknowledged)
            if await self._runs.save(stored.revision, step):
                self._observe(step)
                return state
