"""Observes one client of a fleet: logs what happens with the client's id, and counts it."""

from collections.abc import Callable

from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.adapters.log_observer import LogObserver
from pfi_client_agent.application.fleet_tally import FleetTally
from pfi_common.errors import PlatformError
from pfi_common.telemetry.log import EventLogger


class FleetObserver(LogObserver):
    """One client's part in the fleet's counts and log; see `observer.Observer`.

    Args:
        number: The client's number in the fleet.
        client: Its id.
        tally: Where it is counted.
        connected: Is called whenever a session of it is open.
    """

    def __init__(
        self, number: int, client: str, tally: FleetTally, connected: Callable[[], None]
    ) -> None:
        super().__init__(EventLogger(client))
        self._number = number
        self._tally = tally
        self._connected = connected

    def session_opened(self, client: str, address: str) -> None:
        """Count a connected client."""
        super().session_opened(client, address)
        self._tally.connected.add(self._number)
        self._connected()

    def session_ended(self, error: PlatformError | None, delay_seconds: float) -> None:
        """Count one fewer."""
        super().session_ended(error, delay_seconds)
        self._tally.connected.discard(self._number)

    def task_started(self, task: Task) -> None:
        """Count a client that has a task."""
        super().task_started(task)
        self._tally.task_arrived(self._number, task)

    def task_completed(self, task: Task, seconds: float) -> None:
        """Count a finished task."""
        super().task_completed(task, seconds)
        self._tally.task_ended(self._number, task, completed=True)

    def task_abandoned(self, task: Task, reason: str, error: BaseException) -> None:
        """Count a task that is given back."""
        super().task_abandoned(task, reason, error)
        self._tally.task_ended(self._number, task, completed=False)

    def task_stopped(self, task: Task) -> None:
        """Count it neither as done nor as given back."""
        super().task_stopped(task)
        self._tally.task_ended(self._number, task, completed=None)
