"""Issues certificates to clients and notes when they end."""

from dataclasses import dataclass
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key

from pfi_common.errors import CertificateRequestInvalidError, ClientRevokedError
from pfi_common.identity import CertificateAuthority
from pfi_coordinator.application.ports.client_registry import ClientRegistry
from pfi_coordinator.application.ports.revocations import Revocations


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """An issued identity: the certificate's chain in PEM, and whose it is."""

    client: str
    chain_pem: bytes


class CertifyClient:
    """Issues a certificate over a client's key."""

    def __init__(
        self,
        authority: CertificateAuthority,
        registry: ClientRegistry,
        revocations: Revocations,
        lifetime: timedelta,
    ) -> None:
        self._authority = authority
        self._registry = registry
        self._revocations = revocations
        self._lifetime = lifetime

    async def __call__(self, client: str, public_key_der: bytes) -> ClientCertificate:
        """Issues a certificate with the usual lifetime.

        Raises:
            ClientRevokedError: The client is revoked, whether or not the registry says so yet.
        """
        if client in await self._revocations.members():
            raise ClientRevokedError
        key = load_der_public_key(public_key_der)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise CertificateRequestInvalidError("the registered key is not ECDSA")
        certificate = self._authority.issue_client(key, client, self._lifetime)
        await self._registry.certified(client, certificate.not_valid_after_utc)
        chain = certificate.public_bytes(Encoding.PEM) + self._authority.certificate_pem
        return ClientCertificate(client, chain)
