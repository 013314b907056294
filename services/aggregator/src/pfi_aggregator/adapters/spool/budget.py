"""How many bytes of updates a spool may hold."""

import threading
from collections.abc import Callable

from pfi_aggregator.domain.pacing import spread
from pfi_common.errors import SpoolFullError

_RETRY_SECONDS = 15.0
_SHARE = 0.9


class SpoolBudget:
    """Counts uploads on their way in and committed updates against a limit. Thread-safe.

    An upload that runs counts with its whole payload, one that was interrupted with what is stored:
    so whoever is let in can end, and announcing much costs nobody else anything.

    Args:
        limit_bytes: Most bytes; none for a share of what the spool holds and the device has free.
        committed_bytes: Says what the committed updates have.
        free_bytes: Says what the device has free.
    """

    def __init__(
        self,
        limit_bytes: int | None,
        committed_bytes: Callable[[], int],
        free_bytes: Callable[[], int],
    ) -> None:
        self._limit_bytes = limit_bytes
        self._free_bytes = free_bytes
        self._committed_bytes = committed_bytes
        self._changing = threading.Lock()
        self._uploads: dict[str, int] = {}
        self._total_bytes = 0

    @property
    def limit_bytes(self) -> int:
        """Most bytes, now."""
        if self._limit_bytes is not None:
            return self._limit_bytes
        return int(_SHARE * (self.used_bytes + self._free_bytes()))

    @property
    def used_bytes(self) -> int:
        """What is counted now."""
        return self._total_bytes + self._committed_bytes()

    def reserve(self, task: str, payload_bytes: int) -> None:
        """Lets an upload in with its whole payload.

        Raises:
            SpoolFullError: it does not fit.
        """
        with self._changing:
            after = self.used_bytes - self._uploads.get(task, 0) + payload_bytes
            if after > self.limit_bytes:
                raise SpoolFullError(retry_after_seconds=spread(_RETRY_SECONDS))
            self._count(task, payload_bytes)

    def keep(self, task: str, stored_bytes: int) -> None:
        """Counts what an interrupted upload has stored; 0 when it is gone."""
        with self._changing:
            self._count(task, stored_bytes)

    def _count(self, task: str, size_bytes: int) -> None:
        self._total_bytes += size_bytes - self._uploads.pop(task, 0)
        if size_bytes:
            self._uploads[task] = size_bytes
