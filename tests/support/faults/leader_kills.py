"""Kills the leaders of a run at points that a seed chooses."""

import random
import time
from collections.abc import Callable, Sequence

from tests.support.faults.federation import END_SECONDS
from tests.support.faults.replicated_federation import FLEET, ReplicatedFederation, Takeover

_LOOK_SECONDS = 0.005
_MOST_DECISIONS = 25
"""A point lies within so many decisions after the beginning of its round."""


class LeaderKills:
    """So many kills, spread over the rounds of a run.

    A point is a number of decisions after the beginning of a round, and a moment more. The round
    after it is held in its middle until the kill has happened: however fast the machine is, no kill
    comes too late.

        kills = LeaderKills(federation, count=5, rounds=20, seed=1)
        run = federation.begin(...)
        takeovers = kills.strike(run)
    """

    def __init__(
        self, federation: ReplicatedFederation, *, count: int, rounds: int, seed: int
    ) -> None:
        self._federation = federation
        self._rounds = [1 + kill * (rounds - 1) // count for kill in range(count)]
        self._chance = random.Random(seed)
        federation.hold_training(FLEET, rounds={number + 1 for number in self._rounds})

    def strike(self, run: str) -> Sequence[Takeover]:
        """Kills all of them; the last victim runs again on return."""
        federation, takeovers = self._federation, []
        for number, following in zip(self._rounds, [*self._rounds[1:], None], strict=True):
            self._wait_for_point(run, number)
            takeovers.append(federation.kill_leader(run))
            federation.revive(takeovers[-1].victim)
            if following != number:
                federation.release_training(FLEET, rounds=[number + 1])
        federation.wait_until_all_ready()
        return takeovers

    def _wait_for_point(self, run: str, number: int) -> None:
        # Whoever was killed before the last one may still begin; somebody has to take over.
        self._federation.wait_until_all_ready(but=1)
        self._wait(run, lambda: self._federation.position(run).round_number >= number)
        wanted = self._federation.position(run).revision + self._chance.randrange(_MOST_DECISIONS)

        def reached() -> bool:
            now = self._federation.position(run)
            return now.revision >= wanted or now.round_number > number

        self._wait(run, reached)
        time.sleep(self._chance.uniform(0.0, 0.1))  # between two decisions

    def _wait(self, run: str, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + END_SECONDS
        while not condition():
            assert time.monotonic() < end, self._federation.describe()
            time.sleep(_LOOK_SECONDS)
        assert not self._federation.position(run).ended, self._federation.describe()
