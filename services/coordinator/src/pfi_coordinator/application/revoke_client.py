"""Ends a client's membership."""

from typing import Any

from pfi_common.identity import RevocationList
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.list_clients import client_view
from pfi_coordinator.application.ports.client_registry import ClientRegistry
from pfi_coordinator.application.ports.revocations import Revocations
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.ports.task_board import TaskBoard
from pfi_coordinator.domain.events import ClientsRevoked
from pfi_coordinator.domain.tasks import TaskName, TaskState


class AbandonTasks:
    """Takes everything back that a client still owes."""

    def __init__(self, board: TaskBoard, runs: RunStore, apply: ApplyEvent) -> None:
        self._board = board
        self._runs = runs
        self._apply = apply

    async def __call__(self, client: str) -> None:
        """Ends the client's open tasks; runs go on without them."""
        for run in await self._runs.active():
            await self._apply(run, ClientsRevoked((client,)))
        tasks = (await self._board.inbox(client)).tasks
        names = [name for task in tasks if (name := TaskName.parse(task)) is not None]
        await self._board.take_back(names, TaskState.ABANDONED)


class RevokeClient:
    """Revokes clients: their streams end within 5 seconds, their open tasks are abandoned."""

    def __init__(
        self,
        registry: ClientRegistry,
        revocations: Revocations,
        revocation_list: RevocationList,
        abandon: AbandonTasks,
    ) -> None:
        self._registry = registry
        self._revocations = revocations
        self._list = revocation_list
        self._abandon = abandon

    async def __call__(self, client: str, reason: str) -> dict[str, Any]:
        """Revokes a client for good. May be repeated.

        Raises:
            ClientUnknownError: It never enrolled.
        """
        await self._registry.get(client)
        # The list first: from here on nobody lets the client in, whatever happens to this process.
        await self._revocations.add(client, reason)
        await self._registry.revoke(client)
        self._list.replace(await self._revocations.members())
        get_logger().info(LogEvent.CLIENT_REVOKED, client=client)
        await self._abandon(client)
        return client_view(await self._registry.get(client), None)
