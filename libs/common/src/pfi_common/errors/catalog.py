"""The catalog of every reason, and errors made from a reason received from elsewhere."""

from pfi_common.errors import (
    agents,
    artifacts,
    documents,
    enrolment,
    members,
    payloads,
    platform,
    reductions,
    rounds,
    runs,
    tickets,
)
from pfi_common.errors.base import PlatformError
from pfi_common.errors.catalog_entry import CatalogEntry

_GROUPS = (
    platform,
    members,
    enrolment,
    runs,
    tickets,
    payloads,
    rounds,
    reductions,
    artifacts,
    agents,
    documents,
)


def _classes() -> list[type[PlatformError]]:
    return [
        value
        for group in _GROUPS
        for value in vars(group).values()
        if isinstance(value, type) and value.__module__ == group.__name__
    ]


ERRORS: dict[str, type[PlatformError]] = {cls.reason: cls for cls in _classes()}
"""Every error class by its reason."""

CATALOG: dict[str, CatalogEntry] = {reason: cls.entry for reason, cls in ERRORS.items()}
"""What callers are told, by reason."""


def error_for(reason: str, message: str, /, **details: str) -> PlatformError:
    """Makes the error of a reason that came over a wire.

    A reason that this version does not know (a newer peer's) becomes `InternalError`, with the
    reason kept in its details.
    """
    cls = ERRORS.get(reason)
    error = (cls or platform.InternalError)(message)
    error.details.update(details)
    if cls is None:
        error.details["unknown_reason"] = reason
    return error
