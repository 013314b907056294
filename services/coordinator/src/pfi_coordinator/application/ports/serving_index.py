"""Where the newest adapters are looked up for devices that answer."""

from typing import Protocol

from pfi_coordinator.domain.state import AdapterVersion

MAXIMUM_RECENT_RUNS = 32
"""How many of a client's runs are remembered; an older one is crowded out."""


class ServingIndex(Protocol):
    """Answers "which adapter now?" in a few look-ups, however many clients a run has.

    The other stores keep it: handing out a task notes the client's run, and publishing a version
    after version 0 notes the run. Every method raises StoreUnavailableError when the store does not
    answer.
    """

    async def recent_runs(self, client: str) -> tuple[str, ...]:
        """Gives the runs that gave the client a task, the latest first."""
        ...

    async def last_published(self) -> str | None:
        """Gives the run that published last; None before the first publication."""
        ...

    async def newest(self, run: str, line: str) -> AdapterVersion | None:
        """Gives the newest version of a line; None before version 0 and for an unknown line."""
        ...
