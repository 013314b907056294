"""Failures about runs and their specifications."""

from pfi_common.errors.base import PlatformError
from pfi_common.errors.catalog_entry import CatalogEntry


class SpecInvalidError(PlatformError):
    """A field of the run specification breaks its rule."""

    reason = "SPEC_INVALID"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "The run specification breaks a rule.",
        "Correct the fields that the message names and submit again.",
    )


class SpecUnsoundError(PlatformError):
    """Every field is valid, but the combination would not do what it promises."""

    reason = "SPEC_UNSOUND"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The combination of settings in the run specification is unsound.",
        "Change one of the fields that the message names; it says why they do not go together.",
    )


class RunUnknownError(PlatformError):
    """No run has this id or name."""

    reason = "RUN_UNKNOWN"
    entry = CatalogEntry(
        "NOT_FOUND",
        "No such run.",
        "Check the id or name against `pfi run list`.",
    )


class RunEndedError(PlatformError):
    """The run completed, failed or was cancelled, and cannot change any more."""

    reason = "RUN_ENDED"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The run has ended.",
        "Go on from one of its adapters with `pfi run restart`, or submit a new run; its adapters "
        "and report stay available.",
    )


class RunExistsError(PlatformError):
    """The name is taken by another run."""

    reason = "RUN_EXISTS"
    entry = CatalogEntry(
        "ALREADY_EXISTS",
        "A run with this name exists.",
        "Give the run another name and submit again.",
    )


class RunStateInvalidError(PlatformError):
    """The run cannot do this in the state that it is in; the message names both."""

    reason = "RUN_STATE_INVALID"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The run cannot do this in the state that it is in.",
        "See what it waits for with `pfi run show`; the message says what can be done instead.",
    )


class PartitionFailedError(PlatformError):
    """A partition of clients could not be computed."""

    reason = "PARTITION_FAILED"
    entry = CatalogEntry(
        "INTERNAL",
        "The clients could not be divided into clusters.",
        "Read the worker's log; the run goes on with its global line.",
    )
