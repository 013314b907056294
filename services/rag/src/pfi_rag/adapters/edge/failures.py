"""Failures of Qdrant Edge, which raises a bare `Exception` for each, made typed."""

import re
from types import TracebackType

from pfi_common.errors import DiskFullError, IndexDamagedError

_FULL = re.compile(r"no space left|disk quota|os error 28|os error 122", re.IGNORECASE)


class EdgeFailures:
    """A context in which failures of the engine become errors of the platform.

    The engine's own words stay in the chain for the log's reader; callers get the catalog's.

    Raises:
        DiskFullError: The device or the quota is full.
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
            raise (DiskFullError() if _FULL.search(str(error)) else IndexDamagedError()) from error
