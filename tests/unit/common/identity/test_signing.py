from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.support.certificates import DAY, FederationFixture
from tests.support.clock import ManualClock

from pfi.aggregator.v1.ticket_pb2 import UpdateReceipt, UploadTicket
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_common.errors import SignatureInvalidError
from pfi_common.identity import StatementSigner, StatementVerifier, signing
from pfi_common.identity.signing import _CACHED_CERTIFICATES

TICKET = UploadTicket(run="r-1", round=3, task="t", maximum_bytes=5)


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def federation(tmp_path, clock):
    return FederationFixture(tmp_path, clock=clock)


def verify(federation, statement, kind=UploadTicket, signer="coordinator"):
    return federation.verifier().verify(statement, kind, signer=signer)


def changed(statement, **fields):
    copy = SignedStatement()
    copy.CopyFrom(statement)
    for name, value in fields.items():
        setattr(copy, name, value)
    return copy


def test_a_statement_gives_its_message(federation):
    assert verify(federation, federation.signer().sign(TICKET)) == TICKET


def test_signing_twice_gives_the_same_bytes(federation):
    signer = federation.signer()
    first, second = (signer.sign(TICKET).SerializeToString(deterministic=True) for _ in range(2))
    assert first == second


def test_the_signature_is_64_bytes_over_name_zero_payload(federation):
    signer = federation.signer()
    statement = signer.sign(TICKET)
    signed = b"pfi.aggregator.v1.UploadTicket\0" + TICKET.SerializeToString()
    assert len(statement.signature) == 64
    signer.certificate.public_key().verify(statement.signature, signed)


def test_a_changed_payload_does_not_verify(federation):
    forged = UploadTicket(run="r-1", round=3, task="t", maximum_bytes=6).SerializeToString()
    statement = changed(federation.signer().sign(TICKET), payload=forged)
    with pytest.raises(SignatureInvalidError, match="signature does not verify"):
        verify(federation, statement)


@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"\0" * 63])
def test_another_signature_does_not_verify(federation, signature):
    statement = changed(federation.signer().sign(TICKET), signature=signature)
    with pytest.raises(SignatureInvalidError):
        verify(federation, statement)


def test_a_statement_of_one_kind_is_not_taken_for_another(federation):
    statement = federation.signer().sign(TICKET)
    with pytest.raises(SignatureInvalidError, match="signature does not verify"):
        verify(federation, statement, UpdateReceipt)


def test_another_service_cannot_sign_for_this_one(federation):
    statement = federation.signer("aggregator/spool-0").sign(TICKET)
    with pytest.raises(SignatureInvalidError, match="not signed by coordinator"):
        verify(federation, statement)


def test_another_federation_of_the_same_name_does_not_verify(federation, tmp_path, clock):
    other = FederationFixture(tmp_path / "other", clock=clock)
    with pytest.raises(SignatureInvalidError, match="another authority"):
        verify(federation, other.signer().sign(TICKET))


def test_the_verifiers_federation_counts(federation, clock):
    verifier = StatementVerifier(federation.authority.certificate, "other", clock)
    with pytest.raises(SignatureInvalidError, match="not signed by coordinator"):
        verifier.verify(federation.signer().sign(TICKET), UploadTicket, signer="coordinator")


def test_time_is_checked_on_every_use(federation, clock):
    statement = federation.signer(lifetime=timedelta(hours=1)).sign(TICKET)
    verifier = federation.verifier()
    assert verifier.verify(statement, UploadTicket, signer="coordinator") == TICKET
    clock.advance(3601)
    with pytest.raises(SignatureInvalidError, match="expired"):
        verifier.verify(statement, UploadTicket, signer="coordinator")


def test_a_certificate_of_the_future_is_refused(federation, tmp_path):
    ahead = ManualClock()
    verifier = federation.verifier()
    ahead.advance(86_400 + 60)
    federation.authority._clock = ahead
    with pytest.raises(SignatureInvalidError, match="not valid yet"):
        verifier.verify(federation.signer().sign(TICKET), UploadTicket, signer="coordinator")


@pytest.mark.parametrize("role", ["client", "service"])
def test_a_tls_identity_signs_nothing(federation, role):
    identity = federation.client() if role == "client" else federation.service()
    der = identity.certificate.public_bytes(Encoding.DER)
    statement = changed(federation.signer().sign(TICKET), signing_certificate=der)
    with pytest.raises(SignatureInvalidError, match="not one for signing"):
        verify(federation, statement)


@pytest.mark.parametrize("der", [b"", b"nonsense", b"0" * 5000])
def test_nonsense_is_no_certificate(federation, der):
    statement = changed(federation.signer().sign(TICKET), signing_certificate=der)
    with pytest.raises(SignatureInvalidError, match="signing certificate"):
        verify(federation, statement)


def test_the_authority_signs_no_statement(federation):
    der = federation.authority.certificate.public_bytes(Encoding.DER)
    statement = changed(federation.signer().sign(TICKET), signing_certificate=der)
    with pytest.raises(SignatureInvalidError):
        verify(federation, statement)


def test_a_payload_that_cannot_be_read_is_refused(federation):
    signer = federation.signer()
    key, certificate = signer._key, signer.certificate
    payload = b"\xff\xff"
    statement = SignedStatement(
        payload=payload,
        signature=key.sign(b"pfi.aggregator.v1.UploadTicket\0" + payload),
        signing_certificate=certificate.public_bytes(Encoding.DER),
    )
    with pytest.raises(SignatureInvalidError, match="payload cannot be read"):
        verify(federation, statement)


def test_a_certificate_that_another_thread_evicts_is_still_known(federation, monkeypatch):
    monkeypatch.setattr(signing, "_CACHED_CERTIFICATES", 0)  # as if others had filled it meanwhile
    statement = federation.signer().sign(TICKET)
    assert verify(federation, statement) == TICKET


def test_the_cache_of_certificates_is_bounded(federation):
    verifier = federation.verifier()
    signer = federation.signer()
    for _ in range(_CACHED_CERTIFICATES + 3):
        key = signer._key
        certificate = federation.authority.issue_signer(key.public_key(), "coordinator", DAY)
        statement = StatementSigner(key, certificate).sign(TICKET)
        verifier.verify(statement, UploadTicket, signer="coordinator")
    assert len(verifier._certified) == _CACHED_CERTIFICATES
