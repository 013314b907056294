"""Federations made in a folder: an authority and identities over real keys."""

from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from pfi_common.clock import Clock, SystemClock
from pfi_common.identity import (
    CertificateAuthority,
    LocalIdentity,
    StatementSigner,
    StatementVerifier,
    generate_key,
    identity_of,
    key_to_pem,
)

DAY = timedelta(days=1)
LOOPBACK = ("localhost", "127.0.0.1")


class FederationFixture:
    """Issues what a test needs.

    Args:
        folder: Where the authority lives.
        name: Name of the federation.
        clock: Time of issue; the machine's unless given.
    """

    def __init__(self, folder: Path, name: str = "example", clock: Clock | None = None) -> None:
        self.name = name
        self.clock = clock or SystemClock()
        self.authority = CertificateAuthority.create(folder / "authority", name, self.clock)

    def client(
        self,
        client: str = "c-000000000001",
        lifetime: timedelta = DAY,
        key: EllipticCurvePrivateKey | None = None,
    ) -> LocalIdentity:
        """Makes a client's identity."""
        key = key or generate_key()
        return self._local(key, self.authority.issue_client(key.public_key(), client, lifetime))

    def service(
        self,
        service: str = "coordinator",
        hosts: tuple[str, ...] = LOOPBACK,
        lifetime: timedelta = DAY,
    ) -> LocalIdentity:
        """Makes a service's identity."""
        key = generate_key()
        certificate = self.authority.issue_service(key.public_key(), service, hosts, lifetime)
        return self._local(key, certificate)

    def signer(self, service: str = "coordinator", lifetime: timedelta = DAY) -> StatementSigner:
        """Makes a service's signing key."""
        key = Ed25519PrivateKey.generate()
        return StatementSigner(
            key, self.authority.issue_signer(key.public_key(), service, lifetime)
        )

    def verifier(self) -> StatementVerifier:
        """Makes what every member verifies statements with."""
        return StatementVerifier(self.authority.certificate, self.name, self.clock)

    def _local(self, key: EllipticCurvePrivateKey, certificate: Certificate) -> LocalIdentity:
        return LocalIdentity(
            identity=identity_of(certificate),
            key_pem=key_to_pem(key),
            certificate_chain_pem=certificate.public_bytes(Encoding.PEM)
            + self.authority.certificate_pem,
            authority_pem=self.authority.certificate_pem,
        )
