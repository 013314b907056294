"""Cancels a run."""

from pfi_common.errors import RunEndedError
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.domain.events import CancelRequested
from pfi_coordinator.domain.state import RunPhase


class CancelRun:
    """Cancels runs; cancelling twice is the same as once."""

    def __init__(self, runs: RunStore, apply: ApplyEvent) -> None:
        self._runs = runs
        self._apply = apply

    async def __call__(self, name: str) -> str:
        """Cancels a run by id or name, and gives its id.

        Raises:
            RunUnknownError: There is no such run.
            RunEndedError: It has completed or failed.
        """
        run = await self._runs.find(name)
        state = await self._apply(run, CancelRequested())
        if state.phase is not RunPhase.CANCELLED:
            raise RunEndedError(f"the run has {state.phase} already", run=run)
        get_logger().info(LogEvent.RUN_CANCELLED, run=run)
        return run
