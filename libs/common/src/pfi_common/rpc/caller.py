"""Who is calling, as handlers see it."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import grpc
from cryptography import x509

from pfi_common.errors import IdentityInvalidError, PermissionDeniedError
from pfi_common.identity.certificates import identity_of
from pfi_common.identity.keys import key_sha256
from pfi_common.identity.member import Identity

RpcContext = grpc.aio.ServicerContext[Any, Any]
"""The context of a call, whatever its messages."""

_CERTIFICATE_PROPERTY = "x509_pem_cert"
_CACHED_CERTIFICATES = 4096


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """The caller, read from the certificate of the connection.

    Attributes:
        identity: The name in the certificate.
        key_sha256: SHA-256 of the certificate's public key, as upload tickets name it.
        expires_at: When the certificate expires.
    """

    identity: Identity
    key_sha256: str
    expires_at: datetime


_CALLER: ContextVar[CallerIdentity | None] = ContextVar("pfi_caller", default=None)


def set_caller(caller: CallerIdentity | None) -> None:
    """Makes the caller known to the handler that runs in this task."""
    _CALLER.set(caller)


def current_caller() -> CallerIdentity:
    """Gives the caller of the call that is being handled.

    Raises:
        IdentityInvalidError: The method is open to anyone, so nobody was authenticated.
    """
    caller = _CALLER.get()
    if caller is None:
        raise IdentityInvalidError("the caller presented no certificate")
    return caller


def require_client() -> str:
    """Gives the client id of the caller.

    Raises:
        PermissionDeniedError: The caller is a service.
    """
    identity = current_caller().identity
    if identity.role != "client":
        raise PermissionDeniedError("only clients may call this method")
    return identity.name


def read_caller(context: RpcContext) -> CallerIdentity:
    """Reads the caller from the connection's certificate, which TLS has verified.

    Raises:
        IdentityInvalidError: There is no certificate, or it names no member.
    """
    certificates = list(context.auth_context().get(_CERTIFICATE_PROPERTY, ()))
    if len(certificates) != 1:
        raise IdentityInvalidError("the caller presented no certificate")
    return caller_of_certificate(certificates[0])


@lru_cache(maxsize=_CACHED_CERTIFICATES)
def caller_of_certificate(pem: bytes) -> CallerIdentity:
    """Reads the caller from a certificate (PEM) that TLS has verified.

    Raises:
        IdentityInvalidError: It names no member.
    """
    certificate = x509.load_pem_x509_certificate(pem)
    return CallerIdentity(
        identity=identity_of(certificate),
        key_sha256=key_sha256(certificate.public_key()),
        expires_at=certificate.not_valid_after_utc,
    )
