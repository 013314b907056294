"""Knows where clients reach this replica and the others."""

import asyncio
from contextlib import suppress

from pfi_common.clock import Clock
from pfi_common.errors import StoreUnavailableError
from pfi_coordinator.application.endpoints import Endpoints
from pfi_coordinator.application.ports.replica_directory import ReplicaDirectory
from pfi_coordinator.domain.replicas import Replica, reachable

_ANNOUNCE_SECONDS = 2.0


class KnownReplicas:
    """One task of each replica: announces it, and learns of the others.

    Attributes:
        endpoints: Where this replica and the aggregators are reached.
    """

    def __init__(
        self, name: str, endpoints: Endpoints, directory: ReplicaDirectory, clock: Clock
    ) -> None:
        self.endpoints = endpoints
        self._name = name
        self._directory = directory
        self._clock = clock
        self._known: tuple[Replica, ...] = (self._own(),)

    @property
    def sessions(self) -> tuple[str, ...]:
        """host:port of each mTLS port, this replica's first; replicas behind one name are one."""
        return tuple(dict.fromkeys(item.session for item in self._known))

    @property
    def enrolments(self) -> tuple[str, ...]:
        """host:port of each enrolment port, this replica's first."""
        return tuple(dict.fromkeys(item.enrolment for item in self._known))

    async def run(self) -> None:
        """Keeps the replica announced, and the others known, for ever."""
        while True:
            with suppress(StoreUnavailableError):
                await self.refresh()
            await asyncio.sleep(_ANNOUNCE_SECONDS)

    async def refresh(self) -> None:
        """Does it once, before something is said that is kept for long.

        Raises:
            StoreUnavailableError: The store does not answer; what was known stays known.
        """
        await self._directory.announce(self._own())
        self._known = reachable(self._own(), await self._directory.all(), self._clock.now())

    def _own(self) -> Replica:
        reached = self.endpoints
        return Replica(self._name, reached.session, reached.enrolment, self._clock.now())
