"""Who could be selected now."""

from pfi_coordinator.application.ports.presence import Presence
from pfi_coordinator.application.ports.revocations import Revocations
from pfi_coordinator.domain.eligibility import Eligibility, sort_out
from pfi_coordinator.domain.rules import RunRules


class FindEligible:
    """Finds clients for a cohort."""

    def __init__(self, presence: Presence, revocations: Revocations) -> None:
        self._presence = presence
        self._revocations = revocations

    async def __call__(self, rules: RunRules) -> Eligibility:
        """Gives the connected clients that a run may select, and why it may not select others."""
        sessions = await self._presence.connected()
        revoked = await self._revocations.members()
        return sort_out(sessions, revoked, rules.encoding, rules.demands)
