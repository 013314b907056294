"""Certificate requests (PKCS#10): proof that the caller has the key, and nothing else.

Subject and extensions of a request are ignored; the authority writes its own.
"""

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from pfi_common.errors import CertificateRequestInvalidError
from pfi_common.identity.keys import is_p256

_MAXIMUM_BYTES = 4096


def create_certificate_request(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Makes a request over the key, in DER."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


def verify_certificate_request(der: bytes) -> ec.EllipticCurvePublicKey:
    """Checks that the request is signed by the ECDSA P-256 key that it names, and gives the key.

    Raises:
        CertificateRequestInvalidError: It is malformed, not so signed, or over another kind of key.
    """
    request = _parse(der)
    try:
        key = request.public_key()
        signed = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        raise CertificateRequestInvalidError("the request's key cannot be read") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not is_p256(key):
        raise CertificateRequestInvalidError("the request is not over an ECDSA P-256 key")
    if not signed or not isinstance(request.signature_hash_algorithm, SHA256):
        raise CertificateRequestInvalidError("the request is not signed with SHA-256 by its key")
    return key


def _parse(der: bytes) -> x509.CertificateSigningRequest:
    if len(der) > _MAXIMUM_BYTES:
        raise CertificateRequestInvalidError(f"the request is longer than {_MAXIMUM_BYTES} bytes")
    try:
        return x509.load_der_x509_csr(der)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise CertificateRequestInvalidError("the request is not PKCS#10 in DER") from None
