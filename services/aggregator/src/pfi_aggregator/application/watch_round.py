"""Tells of every committed update of a round as soon as it is committed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pfi_aggregator.application.ports import Rounds
from pfi_aggregator.application.round_bells import RoundBells
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_state import RoundState
from pfi_aggregator.domain.update import CommittedUpdate


@dataclass(frozen=True)
class WatchRound:
    """The use case behind WatchRound."""

    rounds: Rounds
    bells: RoundBells

    async def run(self, key: RoundKey) -> AsyncIterator[CommittedUpdate]:
        """Gives what is committed, then each update as it is committed.

        Ends when the round is sealed or aborted.

        Raises:
            RoundUnknownError: the round was never opened here.
            ServiceUnavailableError: the aggregator drains; watch again.
        """
        told = 0
        while True:
            bell = self.bells.bell(key)
            # The state first: what is committed after it was read is told in the next turn.
            state = self.rounds.view(key).state
            for update in () if state is RoundState.ABORTED else self.rounds.committed(key, told):
                told += 1
                yield update
            if state is not RoundState.OPEN:
                return
            await bell.wait()
