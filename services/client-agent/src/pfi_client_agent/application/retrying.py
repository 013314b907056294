"""Tries again what may work later, until it is too late."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pfi_client_agent.domain.backoff import Backoff
from pfi_common.clock import Clock
from pfi_common.errors import PlatformError

T = TypeVar("T")

_FIRST_SECONDS = 0.2
_CAP_SECONDS = 5.0
_LEAST_SECONDS = 60.0
"""The clock of a device may be ahead: for so long it is tried again, whatever it tells."""


@dataclass(frozen=True)
class Retrying:
    """Repeats an operation while its failure is retryable and the deadline has not come.

    For its first minute the deadline is not looked at: on a device whose clock is ahead every
    deadline seems to be over. Who is really too late is refused, or told that the task has ended.

    Attributes:
        clock: The time.
        deadline: No attempt starts later, after the first minute.
        failed: Is told of every failure that is followed by another attempt.
    """

    clock: Clock
    deadline: datetime
    failed: Callable[[PlatformError, float], None]

    async def run(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Give the first result.

        Raises:
            PlatformError: The last failure.
        """
        backoff = Backoff(random.random, _FIRST_SECONDS, _CAP_SECONDS)
        begun = self.clock.monotonic()
        while True:
            try:
                return await attempt()
            except PlatformError as error:
                delay = backoff.next_delay(error.retry_after_seconds)
                if not error.retryable or self._left_seconds(begun) <= delay:
                    raise
                self.failed(error, delay)
            await asyncio.sleep(delay)

    def _left_seconds(self, begun: float) -> float:
        until_deadline = (self.deadline - self.clock.now()).total_seconds()
        return max(until_deadline, _LEAST_SECONDS - (self.clock.monotonic() - begun))
