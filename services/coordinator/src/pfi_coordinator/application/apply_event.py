"""Lets something happen to a run: decide, and write the decision as a whole."""

from collections.abc import Callable

from pfi_common.clock import Clock
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.records import Step
from pfi_coordinator.domain.events import Event
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.state import RunState

Observer = Callable[[Step], None]
"""Sees every decision after it was written."""


class ApplyEvent:
    """Applies events. Any replica may: the compare-and-set lets one of two decisions win."""

    def __init__(self, runs: RunStore, clock: Clock, observe: Observer) -> None:
        self._runs = runs
        self._clock = clock
        self._observe = observe

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
