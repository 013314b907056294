"""Whatever bytes a stranger sends, the answer is a typed refusal."""

import random
import warnings
from contextlib import suppress

import pytest
from tests.support.certificates import FederationFixture

from pfi.aggregator.v1.ticket_pb2 import UploadTicket
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_common.errors import CertificateRequestInvalidError, SignatureInvalidError
from pfi_common.identity import (
    create_certificate_request,
    generate_key,
    verify_certificate_request,
)

MUTATIONS = 4000


@pytest.fixture(autouse=True)
def keep_quiet_about_odd_certificates():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def mutated(original: bytes, seed: int) -> bytes:
    """Changes, removes or inserts a few bytes."""
    source, data = random.Random(seed), bytearray(original)
    for _ in range(source.choice((1, 1, 1, 2, 5))):
        place, length = source.randrange(len(data)), source.randrange(1, 9)
        new = source.choice((bytes([source.randrange(256)]), b"", source.randbytes(length)))
        data[place : place + (length if not new else len(new) == 1)] = new
    return bytes(data)


def test_a_damaged_request_is_refused():
    request = create_certificate_request(generate_key())
    for seed in range(MUTATIONS):
        with suppress(CertificateRequestInvalidError):
            verify_certificate_request(mutated(request, seed))


def test_a_damaged_certificate_never_verifies(tmp_path):
    federation = FederationFixture(tmp_path)
    verifier = federation.verifier()
    statement = federation.signer().sign(UploadTicket(run="r-1"))
    for seed in range(MUTATIONS):
        der = mutated(statement.signing_certificate, seed)
        if der == statement.signing_certificate:
            continue
        forged = SignedStatement(
            payload=statement.payload, signature=statement.signature, signing_certificate=der
        )
        with pytest.raises(SignatureInvalidError):
            verifier.verify(forged, UploadTicket, signer="coordinator")


def test_random_bytes_are_refused():
    for seed in range(500):
        junk = random.Random(seed).randbytes(seed)
        with pytest.raises(CertificateRequestInvalidError):
            verify_certificate_request(junk)
