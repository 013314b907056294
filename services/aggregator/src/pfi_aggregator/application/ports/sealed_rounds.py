"""Sealed rounds, read beside the aggregator that owns them."""

from contextlib import AbstractContextManager
from typing import Protocol

from pfi_aggregator.application.ports.rounds import StoredUpdate
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.update import CountedUpdate


class SealedRounds(Protocol):
    """Plans, counted sets and updates of rounds that are sealed. Blocking; changes nothing."""

    def plan(self, key: RoundKey) -> RoundPlan:
        """Gives the plan that a round was opened with.

        Raises:
            RoundUnknownError: it was never opened, or is settled.
        """
        ...

    def counted(self, key: RoundKey) -> tuple[CountedUpdate, ...]:
        """Gives a round's counted set, sorted by task.

        Raises:
            RoundUnknownError: it was never sealed, or is settled.
        """
        ...

    def read(self, key: RoundKey, task: str) -> AbstractContextManager[StoredUpdate]:
        """Opens a counted update.

        Raises:
            ArtifactCorruptError: the file is gone, cut or unreadable.
        """
        ...
