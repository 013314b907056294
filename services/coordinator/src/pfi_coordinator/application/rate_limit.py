"""Limits how often one source may call."""

from collections import OrderedDict

from pfi_common.clock import Clock
from pfi_common.errors import ServiceUnavailableError

_SOURCES = 4096


class RateLimit:
    """A bucket of calls for each source, refilled at a steady rate."""

    def __init__(self, clock: Clock, per_second: float = 20.0, burst: float = 200.0) -> None:
        self._clock = clock
        self._per_second = per_second
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, source: str) -> None:
        """Takes one call from the source's bucket.

        Raises:
            ServiceUnavailableError: It is empty; the error says when to come back.
        """
        now = self._clock.monotonic()
        left, then = self._buckets.pop(source, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._per_second)
        allowed = left >= 1.0
        self._buckets[source] = (left - 1.0 if allowed else left, now)
        if len(self._buckets) > _SOURCES:
            self._buckets.popitem(last=False)
        if not allowed:
            raise ServiceUnavailableError(
                "too many calls from this address",
                retry_after_seconds=(1.0 - left) / self._per_second,
            )
