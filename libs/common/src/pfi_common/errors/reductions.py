"""Failures of rules and products that need all updates of a round at once."""

from pfi_common.errors.base import PlatformError
from pfi_common.errors.catalog_entry import CatalogEntry


class PopulationTooSmallError(PlatformError):
    """Fewer updates were counted than the aggregation rule needs to keep what it promises."""

    reason = "POPULATION_TOO_SMALL"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "Fewer updates were counted than the aggregation rule needs.",
        "Connect more clients, or submit a run whose rule survives fewer attackers or trims more.",
    )


class ReductionIncompleteError(PlatformError):
    """A piece of a round's reduction is not there yet."""

    reason = "REDUCTION_INCOMPLETE"
    entry = CatalogEntry(
        "UNAVAILABLE",
        "Workers have not computed all pieces of the round's reduction.",
        "Try again after a moment; if it persists, check that a worker runs "
        "(`pfi-aggregator worker`) that reads the round's spool.",
        retryable=True,
    )


class ReductionFailedError(PlatformError):
    """A piece of a round's reduction could not be computed."""

    reason = "REDUCTION_FAILED"
    entry = CatalogEntry(
        "INTERNAL",
        "A piece of the round's reduction could not be computed.",
        "Read the worker's log; the attempt is aborted and the next one takes its place.",
    )
