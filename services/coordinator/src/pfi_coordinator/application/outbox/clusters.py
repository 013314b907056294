"""Groups the clients of the probe round, and deletes what that was decided by."""

import asyncio

from pfi_common.artifacts import ArtifactStore
from pfi_common.clock import Clock
from pfi_common.errors import InternalError, ServiceUnavailableError
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.clustering import (
    partition_order,
    partition_path,
    read_partition,
)
from pfi_coordinator.application.ports.client_registry import ClientRegistry
from pfi_coordinator.application.ports.partition_queue import PartitionOrder, PartitionQueue
from pfi_coordinator.application.ports.sketch_store import Sketches, SketchStore
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.effects import ForgetSketches, PartitionClients
from pfi_coordinator.domain.events import ClientsPartitioned
from pfi_coordinator.domain.state import RunState

REORDER_SECONDS = 30.0
"""How long a worker has before its job is sent again, at the least."""

_LOOK_SECONDS = (0.1, 2.0)
"""First and longest pause between two looks for the result."""

_NO_SKETCHES = "there are no sketches of the probe round"


class GroupClients:
    """Carries out PartitionClients and ForgetSketches."""

    def __init__(
        self,
        sketches: SketchStore,
        queue: PartitionQueue,
        registry: ClientRegistry,
        artifacts: ArtifactStore,
        clock: Clock,
    ) -> None:
        self._sketches = sketches
        self._queue = queue
        self._registry = registry
        self._artifacts = artifacts
        self._clock = clock
        self._sent: dict[str, tuple[str, float]] = {}

    async def partition(
        self, document: RunDocument, state: RunState, _effect: PartitionClients, _token: int
    ) -> ClientsPartitioned:
        """Has a worker group the clients, and waits for its answer for a while.

        Raises:
            ServiceUnavailableError: There is none yet; the next try sends the job again.
        """
        rules = state.rules.cluster
        if rules is None or state.partition is None:
            raise InternalError("clients were to be grouped of a run without clusters")
        sketches = await self._of_members(document.run)
        if not sketches:
            return ClientsPartitioned((), None, _NO_SKETCHES)
        order = partition_order(document.run, sketches, rules, state.rules.seed)
        waited = (self._clock.now() - state.partition.since).total_seconds()
        answer = await self._answer(order, waited)
        self._sent.pop(document.run, None)
        return read_partition(answer, order.clients)

    async def forget(
        self, document: RunDocument, _state: RunState, _effect: ForgetSketches, _token: int
    ) -> None:
        """Deletes the sketches."""
        self._sent.pop(document.run, None)
        await self._sketches.delete(document.run)

    async def _of_members(self, run: str) -> Sketches:
        """Gives the sketches of clients that were not revoked since."""
        sketches = await self._sketches.get(run)
        known = await self._registry.find(sorted(sketches))
        return {
            client: sketch
            for client, sketch in sketches.items()
            if client in known and not known[client].revoked
        }

    async def _answer(self, order: PartitionOrder, waited_seconds: float) -> bytes:
        path = partition_path(order)
        answer = await self._artifacts.get_named(path)
        if answer is not None:
            return answer
        await self._send(order, waited_seconds)
        until = self._clock.monotonic() + REORDER_SECONDS
        pause, longest = _LOOK_SECONDS
        while (answer := await self._artifacts.get_named(path)) is None:
            if self._clock.monotonic() >= until:
                raise ServiceUnavailableError("no worker has grouped the clients yet")
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, longest)
        return answer

    async def _send(self, order: PartitionOrder, waited_seconds: float) -> None:
        """Sends the job unless that was done lately.

        A job carries all sketches, and without a worker every copy stays in the queue. So it is
        sent less often the longer it has waited: some twenty times in a week.
        """
        now = self._clock.monotonic()
        digest, again_at = self._sent.get(order.run, ("", now))
        if digest == order.digest and now < again_at:
            return
        get_logger().info(LogEvent.PARTITION_ORDERED, run=order.run, count=len(order.clients))
        await self._queue.send(order)
        self._sent[order.run] = (order.digest, now + max(REORDER_SECONDS, waited_seconds / 2))
