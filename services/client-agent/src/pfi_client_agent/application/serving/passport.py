"""Who this device is, for a process that answers beside one that may train."""

from pfi_client_agent.adapters.coordinator_link import OpenChannel
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.application.membership import Membership
from pfi_client_agent.application.observer import Observer
from pfi_common.clock import Clock
from pfi_common.errors import AgentRunningError


class Passport:
    """Reads the identity anew each time: another process may have renewed it.

    It is renewed here only while no agent works in the state folder, which would do so itself.

    Args:
        folder: The state folder.
        clock: The time.
        open_channel: Opens channels to members.
        observer: Is told of renewals.
    """

    def __init__(
        self, folder: StateFolder, clock: Clock, open_channel: OpenChannel, observer: Observer
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._open_channel = open_channel
        self._observer = observer

    async def current(self) -> Membership:
        """Give who this device is.

        Raises:
            NotEnrolledError: The state folder holds no complete identity.
            PlatformError: The certificate has expired and cannot be renewed.
        """
        membership = self._read()
        if membership.renewal_seconds > 0:
            return membership
        try:
            with self._folder.locked():
                membership = self._read()
                await membership.ensure_valid()
        except AgentRunningError:
            return membership
        return membership

    def _read(self) -> Membership:
        return Membership(self._folder, self._clock, self._open_channel, self._observer)
