"""Notices when the store has lost the registry, and then fails closed."""

from pfi_common.errors import StoreUnavailableError, StoreUnsuitableError
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.ports.store_probe import StoreProbe


class GuardStore:
    """Knows whether the store holds the federation that this coordinator belongs to.

    A store that was wiped must not be filled with new members: the old ones, and the revocations,
    would be forgotten for good.

    Attributes:
        intact: Whether the store held the federation at the last look.
        answers: Whether it answered then.
    """

    def __init__(self, probe: StoreProbe, *, intact: bool) -> None:
        self._probe = probe
        self.intact = intact
        self.answers = True

    async def look(self) -> None:
        """Looks whether the marker is there: a store may be wiped, or restored, at any time."""
        try:
            intact = await self._probe.marker() is not None
        except StoreUnavailableError:
            self.answers = False
            raise
        self.answers = True
        if self.intact and not intact:
            get_logger().error(LogEvent.REGISTRY_LOST)
        self.intact = intact

    def require_intact(self) -> None:
        """Lets enrolment and new runs pass.

        Raises:
            StoreUnsuitableError: The store was wiped.
        """
        if not self.intact:
            raise StoreUnsuitableError(
                "Redis is empty, but this federation has members. Restore Redis from its backup; "
                "or, to begin with an empty registry, run `pfi-coordinator accept-empty-store`."
            )
