"""Failures of Qdrant Edge, which raises a bare `Exception` for each, and of disks, made typed."""

import errno
import re
from contextlib import ContextDecorator
from types import TracebackType

from pfi_common.errors import (
    DiskFullError,
    IndexDamagedError,
    PlatformError,
    StoreUnavailableError,
)

_FULL = re.compile(r"no space left|disk quota|os error 28|os error 122", re.IGNORECASE)
_SHORT = re.compile(r"too many open files|cannot allocate|os error (12|23|24)\b", re.IGNORECASE)
_FULL_NUMBERS = (errno.ENOSPC, errno.EDQUOT)
_SHORT_NUMBERS = (errno.ENOMEM, errno.ENFILE, errno.EMFILE)
_RETRY_SECONDS = 5.0


class EdgeFailures(ContextDecorator):
    """A context, or decorator, in which failures of engine and disk become typed.

    The engine's own words stay in the chain for the log's reader; callers get the catalog's.

    Raises:
        DiskFullError: The device or the quota is full.
        StoreUnavailableError: The process is short of memory or open files.
        IndexDamagedError: Anything else that the engine reports; other failures of the disk pass.
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
        if isinstance(error, OSError):
            _raise_named(error)
        if kind is Exception:
            raise _named(str(error)) from error


def _raise_named(error: OSError) -> None:
    if error.errno in _FULL_NUMBERS:
        raise DiskFullError("No space is left for the index.") from error
    if error.errno in _SHORT_NUMBERS:
        raise _short() from error


def _named(text: str) -> PlatformError:
    if _FULL.search(text):
        return DiskFullError("No space is left for the index.")
    return _short() if _SHORT.search(text) else IndexDamagedError()


def _short() -> StoreUnavailableError:
    return StoreUnavailableError(
        "The service is short of memory or open files.", retry_after_seconds=_RETRY_SECONDS
    )
