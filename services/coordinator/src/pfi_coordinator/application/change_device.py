"""Notes that the device of an open session has changed."""

from dataclasses import replace

from pfi_coordinator.application.ports.presence import Presence
from pfi_coordinator.application.ports.signals import Signals
from pfi_coordinator.application.session_hub import SessionLink
from pfi_coordinator.domain.device import DeviceReport


class ChangeDevice:
    """Writes what devices say of themselves while they are connected."""

    def __init__(self, presence: Presence, signals: Signals) -> None:
        self._presence = presence
        self._signals = signals

    async def __call__(self, link: SessionLink, device: DeviceReport) -> None:
        """Records the report with the session, and has waiting runs look again.

        Raises:
            StoreUnavailableError: The store does not answer; the session is recorded anew later.
        """
        before = link.record
        if before.device == device:
            return
        link.record = replace(before, device=device)
        if await self._presence.change(before, link.record):
            await self._signals.clients_changed()
