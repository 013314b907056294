"""Gives runs more rounds."""

from pfi_common.errors import RunEndedError, RunStateInvalidError
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.domain.events import ExtendRequested
from pfi_coordinator.domain.lines import OVER_FOR_GOOD


class ExtendRun:
    """Extends runs; the number of rounds is meant in all, so asking twice is the same as once."""

    def __init__(self, runs: RunStore, apply: ApplyEvent) -> None:
        self._runs = runs
        self._apply = apply

    async def __call__(self, name: str, rounds: int) -> str:
        """Raises the number of rounds, and gives the run's id.

        One that has completed goes on from its last version, and is evaluated again at its end.

        Args:
            name: Run id or name.
            rounds: Rounds to publish in all.

        Raises:
            RunUnknownError: There is no such run.
            RunEndedError: It failed or was cancelled: its rounds and tasks were taken back.
            RunStateInvalidError: It has more rounds already.
        """
        run = await self._runs.find(name)
        state = await self._apply(run, ExtendRequested(rounds))
        if state.phase in OVER_FOR_GOOD:
            raise RunEndedError(
                f"the run has {state.phase} and cannot go on as the same run; restart from one of "
                f"its adapters: `pfi run restart {run} --name NEW`",
                run=run,
                state=state.phase,
            )
        if rounds < state.rules.rounds:
            raise RunStateInvalidError(
                f"the run has {state.rules.rounds} rounds already, and none is taken from it; "
                "to end it sooner, cancel it",
                run=run,
                state=state.phase,
            )
        get_logger().info(LogEvent.RUN_EXTENDED, run=run, count=rounds)
        return run
