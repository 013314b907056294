"""Who is at the other end of an HTTPS connection.

The caller is read from the certificate that TLS verified, and from nothing that a request says:
uvicorn does not hand the certificate on, so its protocol is taken a step further here. The rest is
what gRPC calls go through: the same reading of the certificate, the same admission, the same
function that names the owner.
"""

import asyncio
import ssl

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from pfi_common.errors import IdentityInvalidError
from pfi_common.rpc.admission import Admission
from pfi_common.rpc.caller import caller_of_certificate
from pfi_common.rpc.policy import POLICIES
from pfi_rag.domain.ownership import Owner, owner_of

_CERTIFICATE = "pfi.certificate"
"""Where the certificate (PEM) of the connection stands in the scope of its requests."""

_POLICY = POLICIES["/pfi.rag.v1.RetrievalService/SearchPassages"]


class PeerProtocol(H11Protocol):
    """HTTP/1.1 whose requests know the certificate of their connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Reads the certificate once for all requests of the connection."""
        super().connection_made(transport)
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        pem = ssl.DER_cert_to_PEM_cert(certificate).encode() if certificate else None
        self.app = _WithCertificate(self.app, pem)


class _WithCertificate:
    """The application, for one connection."""

    def __init__(self, app: ASGIApp, certificate_pem: bytes | None) -> None:
        self._app = app
        self._certificate_pem = certificate_pem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, with the certificate."""
        scope[_CERTIFICATE] = self._certificate_pem
        await self._app(scope, receive, send)


class Admit:
    """Dependency of routes: lets the caller in and names the owner."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    async def __call__(self, request: Request) -> Owner:
        """Gives the owner of the index that the request works on.

        Raises:
            IdentityInvalidError: There is no certificate, or not one of this federation, or it has
                expired since the connection was made.
            PermissionDeniedError: The caller is not a client.
        """
        certificate_pem = request.scope.get(_CERTIFICATE)
        if certificate_pem is None:
            raise IdentityInvalidError("the caller presented no certificate")
        caller = caller_of_certificate(certificate_pem)
        self._admission.admit(_POLICY, caller)
        return owner_of(caller)
