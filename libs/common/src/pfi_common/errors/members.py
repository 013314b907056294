"""Failures of identity and permission."""

from pfi_common.errors.base import PlatformError
from pfi_common.errors.catalog_entry import CatalogEntry


class IdentityInvalidError(PlatformError):
    """No certificate was presented, or it does not name a member of this federation."""

    reason = "IDENTITY_INVALID"
    entry = CatalogEntry(
        "UNAUTHENTICATED",
        "The certificate does not name a member of this federation.",
        "Use an identity that this federation issued: enrol a client, or issue a service anew.",
    )


class PermissionDeniedError(PlatformError):
    """The identity may not call this method, or acts for a name that is not its own."""

    reason = "PERMISSION_DENIED"
    entry = CatalogEntry(
        "PERMISSION_DENIED",
        "This identity may not do that.",
        "Call with an identity that may; the protocol reference names the callers of each method.",
    )


class ClientRevokedError(PlatformError):
    """An operator revoked the client; its open streams end within 5 seconds."""

    reason = "CLIENT_REVOKED"
    entry = CatalogEntry(
        "PERMISSION_DENIED",
        "The client has been revoked.",
        "Ask the federation's operator why; a revoked client comes back only by a new enrolment.",
    )


class RevocationListStaleError(PlatformError):
    """The service has not read the revocation list for 10 minutes, so it refuses every client."""

    reason = "REVOCATION_LIST_STALE"
    entry = CatalogEntry(
        "UNAVAILABLE",
        "The service cannot tell who is revoked, so it refuses every client.",
        "Try again after a moment; the operator restores the service's connection to Redis.",
        retryable=True,
    )


class ApiKeyInvalidError(PlatformError):
    """The REST API key is missing, unknown or expired."""

    reason = "API_KEY_INVALID"
    entry = CatalogEntry(
        "UNAUTHENTICATED",
        "The API key is missing, unknown or expired.",
        "Send `Authorization: Bearer <key>` with a key from `pfi-coordinator create-api-key`.",
    )


class ScopeMissingError(PlatformError):
    """The REST API key is valid but lacks the scope of the route."""

    reason = "SCOPE_MISSING"
    entry = CatalogEntry(
        "PERMISSION_DENIED",
        "The API key lacks the scope that this route needs.",
        "Use a key that has the scope, or create one with `pfi-coordinator create-api-key`.",
    )


class SessionSupersededError(PlatformError):
    """Another session with the same identity was opened; the older one ends."""

    reason = "SESSION_SUPERSEDED"
    entry = CatalogEntry(
        "ABORTED",
        "Another session with the same identity was opened, so this one ends.",
        "Stop the other agent, or leave it running; one identity belongs to one agent.",
    )


class SessionsLimitedError(PlatformError):
    """More agents connect at once than the coordinator opens sessions for."""

    reason = "SESSIONS_LIMITED"
    entry = CatalogEntry(
        "RESOURCE_EXHAUSTED",
        "More agents connect at once than the coordinator opens sessions for.",
        "Nothing: agents come back by themselves, spread over time; see "
        "PFI_COORDINATOR_SESSIONS_PER_SECOND if it takes too long.",
        retryable=True,
    )


class ClientUnknownError(PlatformError):
    """No client with this id is enrolled."""

    reason = "CLIENT_UNKNOWN"
    entry = CatalogEntry(
        "NOT_FOUND",
        "No such client is enrolled.",
        "Check the client id against `pfi client list`.",
    )


class SignatureInvalidError(PlatformError):
    """A signed statement does not verify: its signature, its certificate, or who signed it."""

    reason = "SIGNATURE_INVALID"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The statement's signature or signing certificate does not verify.",
        "Check that both sides belong to the same federation and that their clocks agree.",
    )
