"""What the platform reads from certificates."""

import hashlib
from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from pfi_common.errors import IdentityInvalidError
from pfi_common.identity.member import Identity

DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""Purpose of signing certificates (RFC 9336): good for statements, never for TLS."""

_USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def key_usage(*allowed: str) -> x509.KeyUsage:
    """Makes the extension that allows these uses of a key and no other."""
    return x509.KeyUsage(**{use: use in allowed for use in _USES})


def identity_of(certificate: x509.Certificate) -> Identity:
    """Reads the one SPIFFE id of a certificate.

    Raises:
        IdentityInvalidError: It has none, several, or a malformed one.
    """
    uris = list(spiffe_uris(certificate))
    if len(uris) != 1:
        raise IdentityInvalidError("the certificate does not have exactly one SPIFFE id")
    return Identity.parse(uris[0])


def spiffe_uris(certificate: x509.Certificate) -> Iterable[str]:
    """Gives the URIs of the subject alternative name."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return names.value.get_values_for_type(x509.UniformResourceIdentifier)


def fingerprint(certificate: x509.Certificate) -> str:
    """Gives the SHA-256 of the certificate (DER), 64 hexadecimal digits."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def is_issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """True when the authority's key signed the certificate; says nothing of time or purpose."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
