"""Failures by the state of a round, its spool or its leader."""

from pfi_common.errors.base import PlatformError
from pfi_common.errors.catalog_entry import CatalogEntry


class UpdateConflictError(PlatformError):
    """The task's update is committed already, with other bytes."""

    reason = "UPDATE_CONFLICT"
    entry = CatalogEntry(
        "ALREADY_EXISTS",
        "The task's update is committed already, with other bytes.",
        "Ask for the upload's status and keep the receipt: the first bytes count.",
    )


class UpdateTooLateError(PlatformError):
    """The round was sealed before the update was committed."""

    reason = "UPDATE_TOO_LATE"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The round is sealed, so the update is not counted.",
        "Wait for the next task; raise `cohort.deadline` if this happens often.",
    )


class AttemptVoidedError(PlatformError):
    """The attempt of the round was aborted, so its updates are not counted."""

    reason = "ATTEMPT_VOIDED"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The attempt of the round was aborted.",
        "Wait for the task's new ticket and send the stored bytes under it.",
    )


class RoundUnknownError(PlatformError):
    """The spool has no open round of this name."""

    reason = "ROUND_UNKNOWN"
    entry = CatalogEntry(
        "NOT_FOUND",
        "No such round is open on this spool.",
        "Check the run with `pfi run show`; the round has settled, or another spool has it.",
    )


class RoundStateInvalidError(PlatformError):
    """The round is not in the state that the command needs."""

    reason = "ROUND_STATE_INVALID"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The round is not in the state that the command needs.",
        "Read the round's state and send the command that belongs to it.",
    )


class RoundFullError(PlatformError):
    """The round has counted as many updates as its fixed-point arithmetic allows."""

    reason = "ROUND_FULL"
    entry = CatalogEntry(
        "RESOURCE_EXHAUSTED",
        "The round has counted as many updates as its arithmetic allows.",
        "Wait for the next task; this update is not needed.",
    )


class UpdateUnknownError(PlatformError):
    """The spool has neither a receipt nor a partial upload for this task."""

    reason = "UPDATE_UNKNOWN"
    entry = CatalogEntry(
        "NOT_FOUND",
        "There is no receipt or partial upload for this task.",
        "Upload the update from its first byte.",
    )


class SpoolLockedError(PlatformError):
    """Another aggregator process owns the spool."""

    reason = "SPOOL_LOCKED"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "Another process owns the spool.",
        "Stop the other aggregator, or give this one a spool of its own.",
    )


class LeaderSupersededError(PlatformError):
    """A newer leader has commanded this aggregator, so the older one is refused."""

    reason = "LEADER_SUPERSEDED"
    entry = CatalogEntry(
        "ABORTED",
        "A newer leader has commanded this aggregator.",
        "Nothing: the coordinator that leads now drives the round, and this one follows.",
    )


class QuorumNotReachedError(PlatformError):
    """Fewer updates were counted than the round's minimum, so nothing is published."""

    reason = "QUORUM_NOT_REACHED"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "Fewer updates were counted than the round's minimum.",
        "Connect more clients, or submit a run with a lower `cohort.minimum` or a later deadline.",
    )


class SpoolKeyInvalidError(PlatformError):
    """The key of a round's spooled updates is missing or another one, so they cannot be read."""

    reason = "SPOOL_KEY_INVALID"
    entry = CatalogEntry(
        "DATA_LOSS",
        "The key of the round's spooled updates is missing or another one.",
        "Abort the attempt, so that clients send their stored updates again; keep an aggregator's "
        "state folder and wrapping key together with its spool.",
    )


class UploadsLimitedError(PlatformError):
    """As many uploads run as the aggregator takes at a time, or as one client may have."""

    reason = "UPLOADS_LIMITED"
    entry = CatalogEntry(
        "RESOURCE_EXHAUSTED",
        "The aggregator takes no further upload just now.",
        "Wait for the delay that the error names and try again; agents do so by themselves.",
        retryable=True,
    )


class SpoolFullError(PlatformError):
    """The spool holds as many bytes of updates as its limit allows."""

    reason = "SPOOL_FULL"
    entry = CatalogEntry(
        "RESOURCE_EXHAUSTED",
        "The spool holds as many bytes of updates as its limit allows.",
        "Wait until a round has settled; if it lasts, enlarge the volume, raise "
        "`PFI_AGGREGATOR_SPOOL_LIMIT_BYTES` or add a spool.",
        retryable=True,
    )


class SpoolUnavailableError(PlatformError):
    """The aggregator of a spool that holds updates of the round does not answer."""

    reason = "SPOOL_UNAVAILABLE"
    entry = CatalogEntry(
        "UNAVAILABLE",
        "The aggregator of a spool of the round does not answer.",
        "Start the aggregator again on its spool; if it stays away, the round is opened again on "
        "the other spools.",
        retryable=True,
    )


class PartialSumInvalidError(PlatformError):
    """A partial sum is not of this round, or those of the round's spools do not fit together."""

    reason = "PARTIAL_SUM_INVALID"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The partial sums of the round's spools do not belong together.",
        "Read the message; the attempt is aborted and the next one takes its place.",
    )
