"""The process of a fleet: checks what it is given, enrols, runs every client, and sums up."""

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from rich.console import Console

from pfi_client_agent.adapters.fleet_folder import FleetFolder
from pfi_client_agent.adapters.fleet_observer import FleetObserver
from pfi_client_agent.adapters.learning_thread import LearningThread
from pfi_client_agent.application.enrol_fleet import EnrolFleet
from pfi_client_agent.application.fleet_members import FleetMember
from pfi_client_agent.application.fleet_tally import FleetTally, cause
from pfi_client_agent.application.run_fleet import FleetHooks, RunFleet
from pfi_client_agent.application.stopping import finished_before
from pfi_client_agent.application.workplace import Workplace
from pfi_client_agent.bootstrap import (
    LearningOptions,
    Outside,
    build_workplace,
    start_learning_thread,
)
from pfi_client_agent.entrypoints.fleet_display import shown
from pfi_client_agent.settings import AgentSettings
from pfi_common.clock import SystemClock
from pfi_common.errors import FleetFailedError, MachineUnsuitableError, PlatformError
from pfi_common.identity import load_identity
from pfi_common.open_files import raise_open_files
from pfi_common.settings import load_settings
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import EventLogger, get_logger

_FILES_EACH = 2
"""Open files of a client that waits: its session and its lock."""

_FILES_AT_WORK = 4
"""More of them while its task is at work: a connection and what is read and written."""

_FILES_OF_PROCESS = 128


def require_open_files(clients: int, at_once: int) -> None:
    """Check that the process may hold the connections of all clients.

    Raises:
        MachineUnsuitableError: The system grants too few, whatever the process asks for.
    """
    needed = _FILES_OF_PROCESS + clients * _FILES_EACH + at_once * _FILES_AT_WORK
    granted = raise_open_files()
    if granted < needed:
        raise MachineUnsuitableError(
            f"{clients} clients need {needed} open files; the system grants this process "
            f"{granted}. Raise the hard limit (`ulimit -Hn`), or host fewer clients."
        )


@dataclass
class FleetProcess:
    """A fleet that is about to start.

    Attributes:
        folder: The fleet's state folder.
        members: Its clients, with their data.
        unusable: Why the data of some other clients cannot be used, by their numbers.
        tokens: Join tokens for those that are not enrolled.
        learning: How this device learns.
        at_once: Most tasks that are transferred or trained at the same time.
        console: Shows counts; None for JSON logs alone.
        tally: What the clients do.
    """

    folder: FleetFolder
    members: Sequence[FleetMember]
    unusable: Mapping[int, PlatformError]
    tokens: Sequence[str]
    learning: LearningOptions
    at_once: int
    console: Console | None
    tally: FleetTally = field(init=False)

    def __post_init__(self) -> None:
        """Begin to count."""
        self.tally = FleetTally(len(self.members) + len(self.unusable))

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, or until the last client has failed.

        Raises:
            FleetFailedError: Clients failed; the others worked to the end.
            PlatformError: The fleet could not start.
        """
        with self.folder.locked():
            asyncio.run(self._work())
        get_logger().info(Event.FLEET_STOPPED, count=self.tally.enrolled)
        if self.tally.failed:
            raise FleetFailedError(f"{self.tally.summary()}.")

    async def _work(self) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(shown(self.tally, self.console))
            for client, error in self.unusable.items():
                self._failed(client, error)
            learning = start_learning_thread(self.folder, self.learning)
            stack.push_async_callback(asyncio.to_thread, learning.close)
            if await finished_before(stop, self._prepare(learning)):
                await self._run_members(learning, stop)

    async def _prepare(self, learning: LearningThread) -> None:
        enrol = EnrolFleet(
            self.folder,
            SystemClock(),
            enrolled=self._enrolled,
            failed=lambda member, error: self._failed(member.number, error),
        )
        await enrol(self.members, self.tokens)
        # A backbone that cannot be loaded is the whole fleet's failure, told once.
        await learning.ready()
        get_logger().info(Event.FLEET_STARTED, count=self.tally.enrolled)

    async def _run_members(self, learning: LearningThread, stop: asyncio.Event) -> None:
        look_seconds = load_settings(AgentSettings).device_look_seconds

        def open_workplace(member: FleetMember, connected: Callable[[], None]) -> Workplace:
            client = load_identity(member.folder.identity).identity.name
            observer = FleetObserver(member.number, client, self.tally, connected)
            return build_workplace(
                member.folder,
                member.data,
                learning,
                observer,
                Outside(device_look_seconds=look_seconds),
                device_class=member.device_class,
                device=member.device,
            )

        hooks = FleetHooks(
            begun=lambda member: self.tally.task_began(member.number),
            failed=lambda member, error: self._failed(member.number, error),
        )
        running = [member for member in self.members if member.number not in self.tally.failed]
        await RunFleet(open_workplace, hooks, self.at_once)(running, stop)

    def _enrolled(self, _: FleetMember) -> None:
        self.tally.enrolled += 1

    def _failed(self, number: int, error: BaseException) -> None:
        self.tally.client_failed(number, error)
        EventLogger(f"client {number}").error(Event.FLEET_CLIENT_FAILED, error=error)
        if self.console is not None:
            sentence = f"client {number}: {cause(error)}"
            self.console.print(sentence, style="red", markup=False, highlight=False)
