"""Runs every client of a fleet: the agent itself, many times, around one learning thread."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pfi.coordinator.v1.session_service_pb2 import TaskCompleted
from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.application.control import TaskControl
from pfi_client_agent.application.fleet_members import FleetMember
from pfi_client_agent.application.perform_task import perform_task
from pfi_client_agent.application.run_agent import PerformTask, work_for_federation
from pfi_client_agent.application.workplace import Workplace

_CONNECTING = 16
"""Clients that open their first session at the same time: a handshake takes both sides some
milliseconds, and a server gives up on one that takes seconds."""


@dataclass(frozen=True)
class FleetHooks:
    """What a fleet tells of its clients.

    Attributes:
        begun: A client's task has its turn.
        failed: A client has ended with an error.
    """

    begun: Callable[[FleetMember], None]
    failed: Callable[[FleetMember, BaseException], None]


class RunFleet:
    """Runs clients until they are told to stop.

    Args:
        open_workplace: Builds what one client works with, around a function that is to be called
            when its session is open.
        hooks: Is told what happens.
        at_once: Most tasks that are transferred or trained at the same time; those of all other
            clients wait and hold no connection, no adapter and no thread.
    """

    def __init__(
        self,
        open_workplace: Callable[[FleetMember, Callable[[], None]], Workplace],
        hooks: FleetHooks,
        at_once: int,
    ) -> None:
        self._open_workplace = open_workplace
        self._hooks = hooks
        self._turns = asyncio.Semaphore(at_once)
        self._connecting = asyncio.Semaphore(_CONNECTING)

    async def __call__(self, members: Sequence[FleetMember], stop: asyncio.Event) -> None:
        """Work until `stop` is set, or the last client has failed."""
        async with asyncio.TaskGroup() as group:
            for member in members:
                group.create_task(self._run(member, stop))

    async def _run(self, member: FleetMember, stop: asyncio.Event) -> None:
        """Run one client; whatever ends it is its own end and not the fleet's."""
        client = asyncio.create_task(self._work(member, stop))
        await asyncio.wait({client})
        error = client.exception()
        if error is not None:
            self._hooks.failed(member, error)

    async def _work(self, member: FleetMember, stop: asyncio.Event) -> None:
        with member.folder.locked():
            slot = _Slot(self._connecting)
            await slot.take()
            try:
                if not stop.is_set():
                    place = self._open_workplace(member, slot.give_back)
                    await work_for_federation(place, stop, self._performer(member))
            finally:
                slot.give_back()

    def _performer(self, member: FleetMember) -> PerformTask:
        async def perform(task: Task, place: Workplace, control: TaskControl) -> TaskCompleted:
            async with self._turns:
                control.require_running()
                self._hooks.begun(member)
                return await perform_task(task, place, control)

        return perform


class _Slot:
    """A place of a semaphore that may be given back any number of times."""

    def __init__(self, semaphore: asyncio.Semaphore) -> None:
        self._semaphore = semaphore
        self._taken = False

    async def take(self) -> None:
        await self._semaphore.acquire()
        self._taken = True

    def give_back(self) -> None:
        if self._taken:
            self._taken = False
            self._semaphore.release()
