"""What the log says of work that is tried again and again."""

import random

from pfi_common.clock import Clock
from pfi_common.errors import PlatformError
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.leader.backoff import Backoff

_PAUSE_SECONDS = (5.0, 600.0)
"""First and longest pause between two lines about the same delay."""


class DelayLog:
    """Logs a delay when it begins, then ever more rarely, at once for another reason, and its end.

    Tries come every few seconds, and what they wait for may stay away for days, or come and go.
    """

    def __init__(self, run: str, effect: str, clock: Clock, randomness: random.Random) -> None:
        self._run = run
        self._effect = effect
        self._clock = clock
        self._pauses = Backoff(randomness, *_PAUSE_SECONDS)
        self._reason = ""
        self._next_at = 0.0
        self._told_since: float | None = None

    def failed(self, error: Exception) -> None:
        """Notes that a try failed and that there will be another."""
        reason = error.reason if isinstance(error, PlatformError) else type(error).__name__
        now = self._clock.monotonic()
        if reason == self._reason and now < self._next_at:
            return
        if reason != self._reason:
            self._pauses.reset()
        if self._told_since is None:
            self._told_since = now
        self._reason, self._next_at = reason, now + self._pauses.delay_seconds()
        get_logger().warning(
            LogEvent.EFFECT_DELAYED, run=self._run, effect=self._effect, error=error
        )

    def over(self) -> None:
        """Notes that nothing is delayed any more; says so when the delay had been told of."""
        if self._told_since is None:
            return
        seconds = round(self._clock.monotonic() - self._told_since, 3)
        self._told_since = None
        get_logger().info(LogEvent.DELAY_ENDED, run=self._run, effect=self._effect, seconds=seconds)
