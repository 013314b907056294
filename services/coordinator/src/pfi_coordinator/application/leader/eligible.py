"""Who could be selected now."""

from pfi_coordinator.application.ports.presence import Presence
from pfi_coordinator.application.ports.revocations import Revocations
from pfi_coordinator.domain.members import eligible_clients


class FindEligible:
    """Finds clients for a cohort."""

    def __init__(self, presence: Presence, revocations: Revocations) -> None:
        self._presence = presence
        self._revocations = revocations

    async def __call__(self, encoding: str) -> tuple[str, ...]:
        """Gives the clients that are connected, ready, able and not revoked."""
        sessions = await self._presence.connected()
        return eligible_clients(sessions, await self._revocations.members(), encoding)
