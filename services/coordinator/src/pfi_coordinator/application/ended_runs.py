"""Tells agents for which runs they keep something for nothing."""

import re
from collections.abc import Sequence

from pfi_common.errors import RunUnknownError
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.domain.tasks import RUN_PATTERN

_MAXIMUM_RUNS = 64
"""How many runs of one agent are looked up; others are at its next session."""


class FindEndedRuns:
    """Finds runs that train no more.

    One that the store does not know is not named: a store may be restored, and what an agent keeps
    for a run that goes on must stay.
    """

    def __init__(self, runs: RunStore) -> None:
        self._runs = runs

    async def __call__(self, kept: Sequence[str]) -> tuple[str, ...]:
        """Gives those of these runs that have ended; names of nothing are passed over.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        named = [run for run in kept if re.fullmatch(RUN_PATTERN, run)][:_MAXIMUM_RUNS]
        return tuple([run for run in named if await self._has_ended(run)])

    async def _has_ended(self, run: str) -> bool:
        try:
            stored = await self._runs.load(run)
        except RunUnknownError:
            return False
        return stored.state.phase.ended
