"""Numbers for operators."""

from typing import Protocol

from pfi_aggregator.domain.update import CommittedUpdate


class Meter(Protocol):
    """Counts what happens."""

    def update_committed(self, update: CommittedUpdate) -> None:
        """An update was committed for the first time."""
        ...

    def update_refused(self, reason: str) -> None:
        """An upload ended with an error."""
        ...

    def round_folded(self, seconds: float) -> None:
        """The updates of this spool were summed for another one."""
        ...

    def round_merged(self, seconds: float, left_out: int) -> None:
        """A round was merged; its rule left out so many updates."""
        ...
