"""Failures of Qdrant Edge, which raises a bare `Exception` for each, made typed."""

import re
from types import TracebackType

from pfi_common.errors import (
    DiskFullError,
    IndexDamagedError,
    PlatformError,
    StoreUnavailableError,
)

_FULL = re.compile(r"no space left|disk quota|os error 28|os error 122", re.IGNORECASE)
_SHORT = re.compile(r"too many open files|cannot allocate|os error (12|23|24)\b", re.IGNORECASE)
_RETRY_SECONDS = 5.0


class EdgeFailures:
    """A context in which failures of the engine become errors of the platform.

    The engine's own words stay in the chain for the log's reader; callers get the catalog's.

    Raises:
        DiskFullError: The device or the quota is full.
        StoreUnavailableError: The process is short of memory or open files.
        IndexDamagedError: Anything else that the engine reports.
    """

    def __enter__(self) -> None:
        """Begins."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends, and names the failure if there was one of the engine's."""
        if kind is Exception:
            raise _named(str(error)) from error


def _named(text: str) -> PlatformError:
    if _FULL.search(text):
        return DiskFullError()
    if _SHORT.search(text):
        return StoreUnavailableError(
            "The service is short of memory or open files.", retry_after_seconds=_RETRY_SECONDS
        )
    return IndexDamagedError()
