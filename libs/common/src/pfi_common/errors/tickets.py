"""Updates that are refused by what they claim to be, before their bytes are read."""

from pfi_common.errors.base import PlatformError
from pfi_common.errors.catalog_entry import CatalogEntry


class TicketInvalidError(PlatformError):
    """The upload ticket is malformed, or its signature does not verify."""

    reason = "TICKET_INVALID"
    entry = CatalogEntry(
        "PERMISSION_DENIED",
        "The upload ticket is malformed, or its signature does not verify.",
        "Upload with the ticket of the task, unchanged, to the federation that issued it.",
    )


class TicketExpiredError(PlatformError):
    """The upload ticket's time has passed."""

    reason = "TICKET_EXPIRED"
    entry = CatalogEntry(
        "PERMISSION_DENIED",
        "The upload ticket has expired.",
        "Wait for the next task; if tickets expire early, compare the clocks of both machines.",
    )


class TicketForeignError(PlatformError):
    """The upload ticket was issued to another client or key, or for another spool."""

    reason = "TICKET_FOREIGN"
    entry = CatalogEntry(
        "PERMISSION_DENIED",
        "The upload ticket belongs to another client, key or spool.",
        "Upload with the identity that received the task, to the spool that the task names.",
    )


class SchemaMismatchError(PlatformError):
    """The adapter schema on one side is not the other side's."""

    reason = "SCHEMA_MISMATCH"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The adapter schema differs from the run's.",
        "Describe the run again with `pfi-agent describe` on the same versions and resubmit it.",
    )


class BaseMismatchError(PlatformError):
    """The update is a change of another adapter than the round started from."""

    reason = "BASE_MISMATCH"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The update was trained from another base adapter than the round's.",
        "Discard the update; the agent downloads the base anew with its next task.",
    )


class BackboneMismatchError(PlatformError):
    """The backbone on the device has another content digest than the run's."""

    reason = "BACKBONE_MISMATCH"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The backbone on the device is not the run's.",
        "Give the agent the model and revision that the run names (`--backbone`).",
    )


class EncodingMismatchError(PlatformError):
    """The payload's encoding is not the one that the ticket asks for."""

    reason = "ENCODING_MISMATCH"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "The payload's encoding is not the ticket's.",
        "Encode the update as the task says and upload it again.",
    )
