"""Rounds and their committed updates."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.round_view import RoundOutcome, RoundView
from pfi_aggregator.domain.stored_payload import StoredPayload
from pfi_aggregator.domain.update import CommittedUpdate, CountedUpdate, UpdateRecord


@dataclass(frozen=True)
class StoredUpdate:
    """A committed file while it is open.

    Attributes:
        record: What the file says of itself.
        payload: The encoded update; not valid after the file is closed.
    """

    record: UpdateRecord
    payload: StoredPayload


class Rounds(Protocol):
    """Rounds and their committed updates. Durable, thread-safe, blocking.

    Commits run beside each other; sealing, aborting and settling exclude them.
    """

    def open(self, plan: RoundPlan) -> None:
        """Opens a round; does nothing when it was opened with an equal plan.

        Raises:
            RoundStateInvalidError: it was opened with another plan.
            AttemptVoidedError: it was aborted before it was opened.
            ArtifactCorruptError: its files are damaged; it can only be aborted.
        """
        ...

    def view(self, key: RoundKey) -> RoundView:
        """Gives what is known of a round.

        Raises:
            RoundUnknownError: it was never opened here.
            ArtifactCorruptError: its files are damaged; it can only be aborted.
        """
        ...

    def update(self, key: RoundKey, task: str) -> CommittedUpdate | None:
        """Gives a committed update; none when there is none or its round is settled.

        Raises:
            ArtifactCorruptError: it was committed but cannot be read.
        """
        ...

    def committed(self, key: RoundKey, start: int) -> tuple[CommittedUpdate, ...]:
        """Gives the committed updates from the `start`-th on, in an order that only grows."""
        ...

    def commit(self, record: UpdateRecord) -> CommittedUpdate:
        """Makes a completely stored upload count, at most once; who calls discards it then.

        Returns the update that is committed for the task, also when it was before.

        Raises:
            RoundUnknownError: its round was never opened here.
            UpdateConflictError: other bytes are committed for the task.
            UpdateTooLateError: the round is sealed.
            AttemptVoidedError: the attempt was aborted.
            RoundFullError: as many updates are committed as the plan permits.
            DiskFullError: the device is full; nothing is counted.
        """
        ...

    def seal(self, key: RoundKey) -> tuple[CountedUpdate, ...]:
        """Fixes the counted set, sorted by task; gives the same one when it is fixed already.

        Raises:
            RoundUnknownError: the round was never opened here.
            RoundStateInvalidError: it is aborted or settled.
            ArtifactCorruptError: a committed update cannot be read.
        """
        ...

    def read(self, key: RoundKey, task: str) -> AbstractContextManager[StoredUpdate]:
        """Opens a committed update.

        Raises:
            ArtifactCorruptError: the file is gone, cut or unreadable.
        """
        ...

    def finalize(self, key: RoundKey, outcome: RoundOutcome) -> None:
        """Stores the outcome of a sealed round.

        Raises:
            RoundStateInvalidError: it is not sealed.
        """
        ...

    def abort(self, key: RoundKey) -> None:
        """Voids an attempt, also one that was never opened.

        Raises:
            RoundStateInvalidError: it is finalized.
        """
        ...

    def settle(self, key: RoundKey) -> None:
        """Deletes the updates of a finalized or aborted round; its outcome stays.

        Raises:
            RoundUnknownError: it was never opened here.
            RoundStateInvalidError: it is open or sealed.
        """
        ...

    def pending_keys(self) -> tuple[RoundKey, ...]:
        """Names the rounds that are open or sealed, the oldest first."""
        ...

    def open_count(self) -> int:
        """Says how many rounds take updates."""
        ...
