"""Failures about adapters and other stored results."""

from pfi_common.errors.base import PlatformError
from pfi_common.errors.catalog_entry import CatalogEntry


class AdapterUnknownError(PlatformError):
    """No published adapter has this digest or version."""

    reason = "ADAPTER_UNKNOWN"
    entry = CatalogEntry(
        "NOT_FOUND",
        "No such adapter.",
        "Check the digest against `pfi adapter list`.",
    )


class ArtifactCorruptError(PlatformError):
    """A stored artifact does not have the digest that names it."""

    reason = "ARTIFACT_CORRUPT"
    entry = CatalogEntry(
        "DATA_LOSS",
        "A stored artifact does not have the digest that names it.",
        "Restore the artifact from a backup and check the storage for faults.",
    )


class ArtifactUnknownError(PlatformError):
    """No artifact of this kind has this digest."""

    reason = "ARTIFACT_UNKNOWN"
    entry = CatalogEntry(
        "NOT_FOUND",
        "No such artifact.",
        "Check that every service uses the same artifact store, and restore what was deleted.",
    )


class AdapterInvalidError(PlatformError):
    """An adapter's keys, shapes or values are not what its schema says."""

    reason = "ADAPTER_INVALID"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The adapter's keys or shapes are not the schema's.",
        "Use an adapter of this schema; the message names the keys that differ.",
    )


class ExportFailedError(PlatformError):
    """The job that writes an adapter as a PEFT folder failed."""

    reason = "EXPORT_FAILED"
    entry = CatalogEntry(
        "INTERNAL",
        "The export of the adapter failed.",
        "Ask for the export again; if it fails again, the worker's log has the cause.",
    )


class ReportIncompleteError(PlatformError):
    """A report would lack a stored artifact or metric, so none is written."""

    reason = "REPORT_INCOMPLETE"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The report misses a stored artifact or metric.",
        "Wait until the run and its closing evaluation have ended, then write the report again.",
    )
