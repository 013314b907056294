"""Pauses runs and lets them go on."""

from pfi_common.errors import RunEndedError, RunStateInvalidError
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.domain.events import PauseRequested, ResumeRequested


class PauseRun:
    """Pauses runs; pausing twice is the same as once."""

    def __init__(self, runs: RunStore, apply: ApplyEvent) -> None:
        self._runs = runs
        self._apply = apply

    async def __call__(self, name: str, *, at_once: bool) -> str:
        """Lets an open round finish, opens no further one, and gives the run's id.

        Args:
            name: Run id or name.
            at_once: Breaks the open round off: its updates are void, its clients are told.

        Raises:
            RunUnknownError: There is no such run.
            RunEndedError: It has ended.
            RunStateInvalidError: It is evaluated; there is no training left to pause.
        """
        run = await self._runs.find(name)
        state = await self._apply(run, PauseRequested(at_once))
        if state.phase.ended:
            raise RunEndedError(f"the run has {state.phase} already", run=run, state=state.phase)
        if state.paused_since is None:
            raise RunStateInvalidError(
                f"the run is {state.phase}: every round is published, and nothing is left to "
                "pause; it can be cancelled, or extended",
                run=run,
                state=state.phase,
            )
        get_logger().info(LogEvent.RUN_PAUSED, run=run)
        return run


class ResumeRun:
    """Lets paused runs go on; one that goes on already is left alone."""

    def __init__(self, runs: RunStore, apply: ApplyEvent) -> None:
        self._runs = runs
        self._apply = apply

    async def __call__(self, name: str) -> str:
        """Lets a run go on, and gives its id.

        Raises:
            RunUnknownError: There is no such run.
            RunEndedError: It has ended.
        """
        run = await self._runs.find(name)
        state = await self._apply(run, ResumeRequested())
        if state.phase.ended:
            raise RunEndedError(f"the run has {state.phase} already", run=run, state=state.phase)
        get_logger().info(LogEvent.RUN_RESUMED, run=run)
        return run
