"""Which spools would take updates now."""

import asyncio

from pfi_common.clock import Clock
from pfi_common.errors import PlatformError
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.ports.aggregators import Aggregators

_ANSWER_SECONDS = 2.0
"""How long an aggregator may take to answer."""

_KNOWN_SECONDS = 1.0
"""For how long an answer is good: many lines may begin a round together."""


class FindSpools:
    """Asks every aggregator."""

    def __init__(self, aggregators: Aggregators, clock: Clock) -> None:
        self._aggregators = aggregators
        self._clock = clock
        self._asking = asyncio.Lock()
        self._known: tuple[str, ...] = ()
        self._known_until = clock.monotonic()

    @property
    def configured(self) -> tuple[str, ...]:
        """Every spool of the federation, sorted."""
        return tuple(sorted(self._aggregators.addresses))

    async def __call__(self) -> tuple[str, ...]:
        """Gives the spools whose aggregators answer, sorted.

        The only one of a federation is not asked: there is nowhere else to go.
        """
        spools = self.configured
        if len(spools) == 1:
            return spools
        async with self._asking:
            if self._clock.monotonic() >= self._known_until:
                answers = await asyncio.gather(*map(self._answers, spools))
                pairs = zip(spools, answers, strict=True)
                self._known = tuple(spool for spool, answered in pairs if answered)
                self._known_until = self._clock.monotonic() + _KNOWN_SECONDS
            return self._known

    async def _answers(self, spool: str) -> bool:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._aggregators.highest_token(spool)
        except (PlatformError, TimeoutError) as error:
            get_logger().warning(LogEvent.AGGREGATOR_UNREACHABLE, spool=spool, error=error)
            return False
        return True
