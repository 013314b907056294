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


@dataclass(frozen=True)
class Retrying:
    """Repeats an operation while its failure is retryable and the deadline has not come.

    Attributes:
        clock: The time.
        deadline: No attempt starts later.
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
        while True:
            try:
                return await attempt()
            except PlatformError as error:
                delay = backoff.next_delay(error.retry_after_seconds)
                if not error.retryable or self._left_seconds() <= delay:
                    raise
                self.failed(error, delay)
            await asyncio.sleep(delay)

    def _left_seconds(self) -> float:
        return (self.deadline - self.clock.now()).total_seconds()
