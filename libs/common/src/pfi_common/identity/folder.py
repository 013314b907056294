"""An identity on disk: `key.pem`, `certificate.pem`, `authority.pem`, and a service's signer."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from pfi_common.errors import IdentityInvalidError, NotEnrolledError
from pfi_common.identity.certificates import identity_of, is_issued_by
from pfi_common.identity.files import PRIVATE, PUBLIC, write_durably
from pfi_common.identity.keys import key_sha256, key_to_pem, load_key, save_key
from pfi_common.identity.member import Identity
from pfi_common.identity.signing import StatementSigner

KEY_FILE = "key.pem"
CERTIFICATE_FILE = "certificate.pem"
AUTHORITY_FILE = "authority.pem"
SIGNING_KEY_FILE = "signing_key.pem"
SIGNING_CERTIFICATE_FILE = "signing_certificate.pem"


@dataclass(frozen=True)
class LocalIdentity:
    """This process's own identity.

    Attributes:
        identity: The name in the certificate.
        key_pem: Private key.
        certificate_chain_pem: The certificate, perhaps followed by the authority's.
        authority_pem: The authority's certificate, the only one that is trusted.
    """

    identity: Identity
    key_pem: bytes = field(repr=False)
    certificate_chain_pem: bytes = field(repr=False)
    authority_pem: bytes = field(repr=False)

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The identity's certificate."""
        return x509.load_pem_x509_certificates(self.certificate_chain_pem)[0]

    @cached_property
    def authority_certificate(self) -> x509.Certificate:
        """The certificate of the federation's authority."""
        return x509.load_pem_x509_certificate(self.authority_pem)

    @property
    def expires_at(self) -> datetime:
        """When the certificate expires: a server then ends the handshake without a reason."""
        return self.certificate.not_valid_after_utc

    @cached_property
    def key_sha256(self) -> str:
        """SHA-256 of the public key (SubjectPublicKeyInfo in DER), as upload tickets name it."""
        return key_sha256(self.certificate.public_key())


def save_identity(
    folder: Path, *, key_pem: bytes, certificate_chain_pem: bytes, authority_pem: bytes
) -> None:
    """Writes an identity durably; the certificate last, which completes it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(folder / KEY_FILE, key_pem, PRIVATE)
    write_durably(folder / AUTHORITY_FILE, authority_pem, PUBLIC)
    write_durably(folder / CERTIFICATE_FILE, certificate_chain_pem, PUBLIC)


def load_identity(folder: Path) -> LocalIdentity:
    """Reads an identity and checks that its parts belong together.

    Whether the certificate has expired is not looked at: an expired one can be renewed.

    Raises:
        NotEnrolledError: A file is missing or damaged, or does not fit the others.
    """
    key = load_key(folder / KEY_FILE)
    chain_pem = _read(folder / CERTIFICATE_FILE)
    authority_pem = _read(folder / AUTHORITY_FILE)
    certificate = _parse_certificate(chain_pem, folder / CERTIFICATE_FILE)
    authority = _parse_certificate(authority_pem, folder / AUTHORITY_FILE)
    if certificate.public_key() != key.public_key():
        raise NotEnrolledError(f"{CERTIFICATE_FILE} in {folder} is not over {KEY_FILE}")
    if not is_issued_by(certificate, authority):
        raise NotEnrolledError(f"{CERTIFICATE_FILE} in {folder} is not of {AUTHORITY_FILE}")
    identity = _identity(certificate, folder / CERTIFICATE_FILE)
    return LocalIdentity(identity, key_to_pem(key), chain_pem, authority_pem)


def save_signer(folder: Path, key: Ed25519PrivateKey, certificate: x509.Certificate) -> None:
    """Writes a service's signing key and certificate durably."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    save_key(folder / SIGNING_KEY_FILE, key)
    pem = certificate.public_bytes(Encoding.PEM)
    write_durably(folder / SIGNING_CERTIFICATE_FILE, pem, PUBLIC)


def load_signer(folder: Path) -> StatementSigner:
    """Reads a service's signing key and certificate.

    Raises:
        NotEnrolledError: A file is missing or damaged, or they do not belong together.
    """
    path = folder / SIGNING_KEY_FILE
    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError):
        raise NotEnrolledError(f"{path} is not a private key in PEM") from None
    certificate = _parse_certificate(
        _read(folder / SIGNING_CERTIFICATE_FILE), folder / SIGNING_CERTIFICATE_FILE
    )
    if not isinstance(key, Ed25519PrivateKey) or key.public_key() != certificate.public_key():
        raise NotEnrolledError(
            f"{SIGNING_CERTIFICATE_FILE} in {folder} is not over an Ed25519 {SIGNING_KEY_FILE}"
        )
    return StatementSigner(key, certificate)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotEnrolledError(f"{path} is missing") from None


def _parse_certificate(pem: bytes, path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(pem)[0]
    except (ValueError, x509.InvalidVersion):
        raise NotEnrolledError(f"{path} is not a certificate in PEM") from None


def _identity(certificate: x509.Certificate, path: Path) -> Identity:
    try:
        return identity_of(certificate)
    except IdentityInvalidError as error:
        raise NotEnrolledError(f"{path}: {error.message}") from None
