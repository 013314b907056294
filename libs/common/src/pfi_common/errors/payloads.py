"""Updates that are refused by their bytes."""

from pfi_common.errors.base import PlatformError
from pfi_common.errors.catalog_entry import CatalogEntry


class PayloadSizeInvalidError(PlatformError):
    """The payload has another size than schema, encoding or ticket say."""

    reason = "PAYLOAD_SIZE_INVALID"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "The payload is shorter or longer than its schema, encoding or ticket say.",
        "Encode the update anew from the task's schema and upload exactly those bytes.",
    )


class PayloadCorruptError(PlatformError):
    """The received bytes do not have the SHA-256 that was announced."""

    reason = "PAYLOAD_CORRUPT"
    entry = CatalogEntry(
        "DATA_LOSS",
        "The received bytes do not have the announced SHA-256.",
        "Send the stored bytes again from the start.",
        retryable=True,
    )


class PayloadNotFiniteError(PlatformError):
    """A coordinate of the update is NaN or infinite."""

    reason = "PAYLOAD_NOT_FINITE"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "A coordinate of the update is NaN or infinite.",
        "Discard the update; lower the run's learning rate if training diverges often.",
    )


class CoordinateLimitExceededError(PlatformError):
    """A coordinate of the update is above the round's coordinate limit."""

    reason = "COORDINATE_LIMIT_EXCEEDED"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "A coordinate of the update is above the round's coordinate limit.",
        "Lower the run's learning rate, or raise `aggregate.coordinate_limit` in a new run.",
    )


class WeightInvalidError(PlatformError):
    """The example count is zero or above the ticket's."""

    reason = "WEIGHT_INVALID"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "The example count is zero or above the ticket's.",
        "Announce the number of distinct rows trained on, at least 1.",
    )


class ChunkOutOfOrderError(PlatformError):
    """A chunk does not start where the last one ended."""

    reason = "CHUNK_OUT_OF_ORDER"
    entry = CatalogEntry(
        "ABORTED",
        "A chunk does not start where the last one ended.",
        "Ask for the upload's status and go on from the offset that it gives.",
        retryable=True,
    )
