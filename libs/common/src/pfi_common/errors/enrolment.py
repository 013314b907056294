"""Failures on the way to an identity, and to a renewed one."""

from pfi_common.errors.base import PlatformError
from pfi_common.errors.catalog_entry import CatalogEntry


class TokenInvalidError(PlatformError):
    """The join token is malformed, or this federation does not know it."""

    reason = "TOKEN_INVALID"
    entry = CatalogEntry(
        "UNAUTHENTICATED",
        "The join token is unknown or malformed.",
        "Copy the whole token, which starts with `pfi1_`, or ask the operator for a new one.",
    )


class TokenUsedError(PlatformError):
    """The join token was already traded for an identity over another key."""

    reason = "TOKEN_USED"
    entry = CatalogEntry(
        "UNAUTHENTICATED",
        "The join token has been used.",
        "Ask the operator for a new token; each one enrols one client.",
    )


class TokenExpiredError(PlatformError):
    """The join token was not used within its lifetime."""

    reason = "TOKEN_EXPIRED"
    entry = CatalogEntry(
        "UNAUTHENTICATED",
        "The join token has expired.",
        "Ask the operator for a new token and use it within its lifetime.",
    )


class CertificateRequestInvalidError(PlatformError):
    """The certificate request is malformed, unsigned or not over an ECDSA P-256 key."""

    reason = "CERTIFICATE_REQUEST_INVALID"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "The certificate request is malformed, unsigned or not over an ECDSA P-256 key.",
        "Send a PKCS#10 request in DER, signed with SHA-256 by an ECDSA P-256 key.",
    )


class RenewalRefusedError(PlatformError):
    """The certificate expired too long ago, or the caller did not prove that it has the key."""

    reason = "RENEWAL_REFUSED"
    entry = CatalogEntry(
        "UNAUTHENTICATED",
        "The certificate expired too long ago to be renewed, or the challenge failed.",
        "Enrol the client again with a new join token.",
    )


class AuthorityMismatchError(PlatformError):
    """The server that answered has another certificate authority than the join token names."""

    reason = "AUTHORITY_MISMATCH"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The server's certificate authority is not the one that the join token names.",
        "Check the address with the operator: the token is of another federation, or someone "
        "stands between.",
    )
