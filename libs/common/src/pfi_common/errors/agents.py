"""Failures on a client's device or on an operator's machine."""

from pfi_common.errors.base import PlatformError
from pfi_common.errors.catalog_entry import CatalogEntry


class DataUnreadableError(PlatformError):
    """The data file is empty, unreadable or of an unknown kind."""

    reason = "DATA_UNREADABLE"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "The data file is empty, unreadable or of an unknown kind.",
        "Give the agent a readable file with rows (`--data`); the message says what it found.",
    )


class DataTooManyBadRowsError(PlatformError):
    """More rows of the data file are bad than the limit allows."""

    reason = "DATA_TOO_MANY_BAD_ROWS"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "More rows of the data file are bad than the limit allows.",
        "Correct the rows that the message counts, or raise `--bad-row-limit`.",
    )


class BackboneUnreadableError(PlatformError):
    """The backbone cannot be loaded from where the run or the agent's option names it."""

    reason = "BACKBONE_UNREADABLE"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The backbone cannot be loaded.",
        "Check that the path or hub id exists on this device, or point `--backbone` at a copy.",
    )


class NotEnrolledError(PlatformError):
    """The identity folder is absent or lacks a file."""

    reason = "NOT_ENROLLED"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "There is no complete identity in the state folder.",
        "Enrol with a join token (`pfi-agent enrol --token ...`); a service is issued its "
        "identity by `pfi-coordinator issue-service`.",
    )


class AgentRunningError(PlatformError):
    """Another agent process uses the state folder."""

    reason = "AGENT_RUNNING"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "Another agent process uses this state folder.",
        "Stop the other agent, or give this one a state folder of its own (`--state`).",
    )


class LocalFederationFailedError(PlatformError):
    """A process of a local federation could not be started or stopped."""

    reason = "LOCAL_FEDERATION_FAILED"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The local federation could not be started or stopped.",
        "Read the log that the message names, then run `pfi down` and `pfi up` again.",
    )


class FleetFailedError(PlatformError):
    """Some clients of a fleet failed."""

    reason = "FLEET_FAILED"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "Some clients of the fleet failed.",
        "Read what the message says of the first ones; the others are in the log.",
    )


class ExtraMissingError(PlatformError):
    """An optional library is not installed."""

    reason = "EXTRA_MISSING"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "A library that this needs is not installed.",
        "Install the extra that the message names.",
    )


class MachineUnsuitableError(PlatformError):
    """Something that the platform needs on this machine is not in order."""

    reason = "MACHINE_UNSUITABLE"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "Something on this machine is not in order.",
        "Do what stands beside each finding, then run `pfi doctor` again.",
    )
