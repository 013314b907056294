"""Places where fault tests kill the process. Not for production: nothing is armed by default."""

import os
import signal
from enum import StrEnum


class Failpoint(StrEnum):
    """A place in the path of an update or an adapter."""

    SPOOL_SYNCED = "spool_synced"
    """The payload and its record are durable; the update is not committed."""
    UPDATE_LINKED = "update_linked"
    """The update is committed; its partial file still exists."""
    RECEIPT_READY = "receipt_ready"
    """The update is committed; the response has not been sent."""
    FOLDED_AHEAD = "folded_ahead"
    """One update of a round that is open or sealed has been folded."""
    DURING_FOLD = "during_fold"
    """The round is being finalized, and one counted update or more has been folded."""
    PARTIAL_STORED = "partial_stored"
    """The sums of a spool that another one finalizes are artifacts; no response has been sent."""
    PARTIAL_ADDED = "partial_added"
    """The sums of another spool have been added."""
    ADAPTER_STORED = "adapter_stored"
    """The merged adapter is an artifact; nothing refers to it."""
    OUTCOME_STORED = "outcome_stored"
    """The round's outcome is durable; the pointer has not been written."""
    POINTER_STORED = "pointer_stored"
    """The adapter is published; the response has not been sent."""


class Failpoints:
    """Kills the process with SIGKILL where one passes the armed place for the first time."""

    def __init__(self, armed: Failpoint | None = None) -> None:
        self._armed = armed

    def reach(self, place: Failpoint) -> None:
        """Passes a place."""
        if place is self._armed:
            os.kill(os.getpid(), signal.SIGKILL)
