"""ECDSA P-256 keys of identities: made here, kept in files that only their owner reads."""

import hashlib
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    PublicKeyTypes,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from pfi_common.errors import NotEnrolledError
from pfi_common.identity.files import PRIVATE, write_durably


def generate_key() -> ec.EllipticCurvePrivateKey:
    """Makes the key of an identity."""
    return ec.generate_private_key(ec.SECP256R1())


def key_sha256(public_key: PublicKeyTypes) -> str:
    """Gives the SHA-256 of the key's SubjectPublicKeyInfo (DER), 64 hexadecimal digits."""
    der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def key_to_pem(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    """Writes a private key as PKCS#8 PEM, unencrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def save_key(path: Path, key: CertificateIssuerPrivateKeyTypes) -> None:
    """Writes a private key durably, readable by its owner alone."""
    write_durably(path, key_to_pem(key), PRIVATE)


def load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Reads an identity's private key.

    Raises:
        NotEnrolledError: The file is missing, or is not an ECDSA P-256 key in PEM.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        raise NotEnrolledError(f"{path} is missing") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise NotEnrolledError(f"{path} is not a private key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not is_p256(key.public_key()):
        raise NotEnrolledError(f"{path} is not an ECDSA P-256 key")
    return key


def load_or_create_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Reads the key, or makes and saves one: repeating an enrolment uses the same key."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        save_key(path, generate_key())
    return load_key(path)


def is_p256(key: object) -> bool:
    """True for an ECDSA public key on the curve P-256."""
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
