import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pfi_common.errors import CertificateRequestInvalidError
from pfi_common.identity import (
    create_certificate_request,
    generate_key,
    key_sha256,
    verify_certificate_request,
)


def request(key, algorithm) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)


def point(key) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def test_a_request_gives_its_key():
    key = generate_key()
    found = verify_certificate_request(create_certificate_request(key))
    assert key_sha256(found) == key_sha256(key.public_key())


def test_a_request_over_a_key_that_did_not_sign_it_is_refused():
    mine, theirs = generate_key(), generate_key()
    der = create_certificate_request(mine).replace(point(mine), point(theirs))
    with pytest.raises(CertificateRequestInvalidError, match="not signed with SHA-256 by its key"):
        verify_certificate_request(der)


@pytest.mark.parametrize(
    ("der", "why"),
    [
        (b"", "PKCS#10"),
        (b"\x30\x03\x02\x01\x00", "PKCS#10"),
        (b"0" * 5000, "longer than 4096"),
        (request(ec.generate_private_key(ec.SECP384R1()), SHA256()), "P-256"),
        (request(ec.generate_private_key(ec.SECP256K1()), SHA256()), "P-256"),
        (request(Ed25519PrivateKey.generate(), None), "P-256"),
        (request(generate_key(), SHA384()), "SHA-256"),
    ],
    ids=["empty", "nonsense", "long", "P-384", "secp256k1", "Ed25519", "SHA-384"],
)
def test_other_requests_are_refused_with_the_reason(der, why):
    with pytest.raises(CertificateRequestInvalidError, match=why):
        verify_certificate_request(der)
