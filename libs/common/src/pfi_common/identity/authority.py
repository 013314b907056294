"""The federation's certificate authority: one ECDSA P-256 key that signs every identity."""

import ipaddress
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pfi_common.clock import Clock
from pfi_common.identity.authority_folder import federation_of, publish_authority, read_authority
from pfi_common.identity.certificates import DOCUMENT_SIGNING, fingerprint, key_usage
from pfi_common.identity.member import Identity

BACKDATED = timedelta(days=1)
"""How long before its issue a service's certificate is valid: clients' clocks may be behind.

Those of clients are verified by services alone, and are renewed halfway through their lifetime.
"""

_CLIENT_BACKDATED = timedelta(minutes=1)

_PublicKey = ec.EllipticCurvePublicKey | Ed25519PublicKey
_CLIENT = [ExtendedKeyUsageOID.CLIENT_AUTH]
_SERVICE = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
_SIGNER = [DOCUMENT_SIGNING]


class CertificateAuthority:
    """Issues the certificates of one federation.

    Attributes:
        certificate: The authority's own certificate.
    """

    def __init__(
        self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, clock: Clock
    ) -> None:
        self._key = key
        self.certificate = certificate
        self._clock = clock

    @classmethod
    def create(cls, folder: Path, federation: str, clock: Clock) -> "CertificateAuthority":
        """Makes an authority in a folder, or loads the one that is there.

        Key and certificate appear together or not at all, whatever kills the process.

        Raises:
            IdentityInvalidError: The federation's name is not a valid one.
            SettingsInvalidError: The folder holds something else, or another federation's.
        """
        publish_authority(folder, federation, clock)
        return cls(*read_authority(folder, federation), clock)

    @classmethod
    def load(cls, folder: Path, clock: Clock) -> "CertificateAuthority":
        """Loads the authority in a folder.

        Raises:
            SettingsInvalidError: There is no complete one.
        """
        return cls(*read_authority(folder, None), clock)

    @property
    def federation(self) -> str:
        """Name of the federation."""
        return federation_of(self.certificate)

    @property
    def certificate_pem(self) -> bytes:
        """The authority's certificate, which every member trusts."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the authority's certificate (DER), as join tokens carry it."""
        return fingerprint(self.certificate)

    def issue_client(
        self, public_key: ec.EllipticCurvePublicKey, client: str, lifetime: timedelta
    ) -> x509.Certificate:
        """Issues a client's identity; it is no good for a server."""
        identity = Identity(self.federation, "client", client)
        return self._issue(public_key, identity, _CLIENT, lifetime)

    def issue_service(
        self,
        public_key: ec.EllipticCurvePublicKey,
        service: str,
        hosts: Sequence[str],
        lifetime: timedelta,
    ) -> x509.Certificate:
        """Issues a service's identity, for the DNS names and IP addresses that it is reached by."""
        identity = Identity(self.federation, "service", service)
        return self._issue(public_key, identity, _SERVICE, lifetime, hosts)

    def issue_signer(
        self, public_key: Ed25519PublicKey, service: str, lifetime: timedelta
    ) -> x509.Certificate:
        """Issues the certificate of a service's signing key; it is no good for TLS."""
        identity = Identity(self.federation, "signer", service)
        return self._issue(public_key, identity, _SIGNER, lifetime)

    def _issue(
        self,
        public_key: _PublicKey,
        identity: Identity,
        purposes: list[x509.ObjectIdentifier],
        lifetime: timedelta,
        hosts: Sequence[str] = (),
    ) -> x509.Certificate:
        now = self._clock.now()
        backdated = _CLIENT_BACKDATED if identity.role == "client" else BACKDATED
        end = min(now + lifetime, self.certificate.not_valid_after_utc)
        names = [x509.UniformResourceIdentifier(identity.uri), *map(_host, hosts)]
        authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(_subject(identity))
            .issuer_name(self.certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - backdated)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(key_usage("digital_signature"), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(authority_key, critical=False)
            .sign(self._key, SHA256())
        )


def _subject(identity: Identity) -> x509.Name:
    """A name for people who look at certificates; nothing reads it."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, identity.name[:64])])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
