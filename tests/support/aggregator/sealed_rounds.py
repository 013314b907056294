"""Sealed rounds in memory."""

from contextlib import AbstractContextManager

from tests.support.aggregator.rounds import InMemoryRounds

from pfi_aggregator.application.ports import StoredUpdate
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.round_state import RoundState
from pfi_aggregator.domain.update import CountedUpdate
from pfi_common.errors import RoundUnknownError


class InMemorySealedRounds:
    """In-memory twin of `pfi_aggregator.application.ports.sealed_rounds.SealedRounds`."""

    def __init__(self, rounds: InMemoryRounds) -> None:
        self._rounds = rounds

    def plan(self, key: RoundKey) -> RoundPlan:
        plan = self._rounds.view(key).plan
        if plan is None:
            raise RoundUnknownError
        return plan

    def counted(self, key: RoundKey) -> tuple[CountedUpdate, ...]:
        self.plan(key)
        if self._rounds.view(key).state is RoundState.OPEN:
            raise RoundUnknownError
        return self._rounds.seal(key)

    def read(self, key: RoundKey, task: str) -> AbstractContextManager[StoredUpdate]:
        return self._rounds.read(key, task)
