"""Where runs are kept."""

from typing import Protocol

from pfi_coordinator.application.records import (
    LoggedEvent,
    RunDocument,
    RunHistory,
    RunLine,
    Step,
    StoredRun,
)
from pfi_coordinator.domain.state import RunState


class RunStore(Protocol):
    """State, event log and outbox of every run, written together under compare-and-set.

    Every method raises StoreUnavailableError when the store does not answer.
    """

    async def create(self, document: RunDocument, state: RunState) -> None:
        """Stores a new, active run.

        Raises:
            RunExistsError: Another run has this name.
        """
        ...

    async def load(self, run: str) -> StoredRun:
        """Gives state and outbox.

        Raises:
            RunUnknownError: There is no such run.
        """
        ...

    async def save(self, revision: int, step: Step) -> bool:
        """Writes a decision, and takes the acknowledged effect from the outbox.

        A run that had ended and goes on is active again.

        Returns:
            False, with nothing written, when the run is not at this revision any more.
        """
        ...

    async def acknowledge(self, run: str, effect: str) -> None:
        """Takes an effect without consequence from the outbox. May be repeated."""
        ...

    async def document(self, run: str) -> RunDocument:
        """Gives what was submitted.

        Raises:
            RunUnknownError: There is no such run.
        """
        ...

    async def history(self, run: str) -> RunHistory:
        """Gives the run as people read it.

        Raises:
            RunUnknownError: There is no such run.
        """
        ...

    async def find(self, name: str) -> str:
        """Gives the id of a run by id or name.

        Raises:
            RunUnknownError: There is no such run.
        """
        ...

    async def lines(self) -> list[RunLine]:
        """Gives every run, newest first."""
        ...

    async def active(self) -> list[str]:
        """Gives the runs that may still need work."""
        ...

    async def retire(self, run: str, revision: int) -> None:
        """Takes a run that is at rest from the active ones, unless it has changed meanwhile."""
        ...

    async def log(self, run: str) -> list[LoggedEvent]:
        """Gives the run's events, oldest first; of a very long run only the last ones."""
        ...
