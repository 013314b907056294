"""The stream of committed updates of an open attempt."""

import asyncio
import random
from collections.abc import Callable

from pfi_common.clock import Clock
from pfi_common.errors import PlatformError, ServiceUnavailableError, StoreUnavailableError
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.leader.backoff import Backoff
from pfi_coordinator.application.leader.delay_log import DelayLog
from pfi_coordinator.application.outbox.every_spool import missing
from pfi_coordinator.application.ports.aggregators import Aggregators, Attempt, Counted
from pfi_coordinator.domain.events import EffectDelayed, EffectFailed

WATCH = "watch_round"
"""How people see the watch beside the effects."""


class WatchRound:
    """Watches an attempt, again and again after breaks, until everything was told."""

    def __init__(
        self,
        aggregators: Aggregators,
        apply: ApplyEvent,
        clock: Clock,
        randomness: random.Random,
    ) -> None:
        self._aggregators = aggregators
        self._apply = apply
        self._clock = clock
        self._randomness = randomness

    async def __call__(self, attempt: Attempt, found: Callable[[Counted], None]) -> bool:
        """Hands every committed update over; updates are repeated after a break.

        Returns:
            True when the attempt takes no more of them, False when it cannot be watched for good.
        """
        backoff = Backoff(self._randomness)
        delays = DelayLog(attempt.run, WATCH, self._clock, self._randomness)
        known: set[Counted] = set()
        troubled = False
        while True:
            try:
                if troubled:
                    await self._recovered(attempt)
                    delays.over()
                    troubled = False
                async for update in self._aggregators.watch_round(attempt):
                    found(update)
                    if update not in known:
                        known.add(update)
                        backoff.reset()
            except PlatformError as failure:
                away = isinstance(failure, ServiceUnavailableError)
                error = missing([attempt.spool]) if away else failure
                delays.failed(error)
                if not await self._failed(attempt, error):
                    return False
                troubled = True
                await asyncio.sleep(backoff.delay_seconds())
            else:
                return True

    async def _recovered(self, attempt: Attempt) -> None:
        """Says that the aggregator answers again: a silent stream would not show it."""
        await self._aggregators.highest_token(attempt.spool)
        await self._apply(attempt.run, EffectDelayed(WATCH, "", line=attempt.line))

    async def _failed(self, attempt: Attempt, error: PlatformError) -> bool:
        """Notes a failure; True when the watch goes on."""
        try:
            if error.retryable:
                spool = error.details.get("spool", "")
                delayed = EffectDelayed(WATCH, error.reason, spool, line=attempt.line)
                await self._apply(attempt.run, delayed)
                return True
            failed = EffectFailed(
                WATCH,
                attempt.number,
                attempt.attempt,
                error.reason,
                error.message,
                line=attempt.line,
            )
            await self._apply(attempt.run, failed)
        except StoreUnavailableError:
            return True
        return False
