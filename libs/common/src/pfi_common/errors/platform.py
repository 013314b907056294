"""Failures of the platform itself, whatever was asked of it."""

from pfi_common.errors.base import PlatformError
from pfi_common.errors.catalog_entry import CatalogEntry


class InternalError(PlatformError):
    """A failure that nobody foresaw; the server's own log has the cause."""

    reason = "INTERNAL"
    entry = CatalogEntry(
        "INTERNAL",
        "The service failed in a way that it did not foresee.",
        "Look for this call in the service's log, which has the cause, and report it.",
    )


class InvalidRequestError(PlatformError):
    """A field of the request breaks its documented rule."""

    reason = "INVALID_REQUEST"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "A field of the request breaks its rule.",
        "Correct the field that the message names; the protocol reference states its rule.",
    )


class ServiceUnavailableError(PlatformError):
    """The service cannot be reached, or is starting, draining or overloaded."""

    reason = "SERVICE_UNAVAILABLE"
    entry = CatalogEntry(
        "UNAVAILABLE",
        "The service cannot be reached, or is starting, draining or overloaded.",
        "Try again after a moment; if it persists, check that the service runs and its address.",
        retryable=True,
    )


class StoreUnavailableError(PlatformError):
    """The state store (Redis) does not answer or refuses writes."""

    reason = "STORE_UNAVAILABLE"
    entry = CatalogEntry(
        "UNAVAILABLE",
        "The state store does not answer.",
        "Try again after a moment; if it persists, check that Redis runs and has disk space, and "
        "that the artifact store can be read and written.",
        retryable=True,
    )


class StoreUnsuitableError(PlatformError):
    """The Redis server is older than its data, below the baseline, or configured unsafely."""

    reason = "STORE_UNSUITABLE"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The Redis server is not fit to hold the state of a federation.",
        "Use the server version or setting that the message names, then start the service again.",
    )


class DiskFullError(PlatformError):
    """The device that holds the spool or the artifacts has no space left."""

    reason = "DISK_FULL"
    entry = CatalogEntry(
        "RESOURCE_EXHAUSTED",
        "No space is left on the device that holds the spool or the artifacts.",
        "Free space or enlarge the volume; callers keep their bytes and try again by themselves.",
        retryable=True,
    )


class DeadlineRequiredError(PlatformError):
    """A call came without a deadline, or with one above the cap of its method."""

    reason = "DEADLINE_REQUIRED"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "The call has no deadline, or one above the cap of its method.",
        "Set a deadline on the call, at most the cap that the message names.",
    )


class SettingsInvalidError(PlatformError):
    """A setting is missing or invalid, so the service does not start."""

    reason = "SETTINGS_INVALID"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "A setting is missing or invalid.",
        "Correct the environment variables that the message names, then start again.",
    )
