"""From the failures of a storage backend to the platform's."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError

from pfi_common.errors import DiskFullError, StoreUnavailableError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


@contextmanager
def storage_failures() -> Iterator[None]:
    """Turns a backend's failure into a typed one; "not found" passes for the caller to name.

    Raises:
        DiskFullError: no space, or none left of the quota.
        StoreUnavailableError: anything else that the storage reports.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _failure(error.errno) from error
    except BaseError as error:
        # obstore gives the operating system's error only in its text.
        found = _OS_ERROR.search(str(error))
        raise _failure(int(found[1]) if found else None) from error


def _failure(number: int | None) -> DiskFullError | StoreUnavailableError:
    if number in _FULL:
        return DiskFullError("No space is left for artifacts.")
    return StoreUnavailableError("The artifact store cannot be read or written.")
