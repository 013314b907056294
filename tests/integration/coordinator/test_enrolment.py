"""Joining, staying and leaving, on real ports."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from tests.support.certificates import FederationFixture
from tests.support.clock import ManualClock
from tests.support.coordinator.agent import SECONDS, Talk, enrol
from tests.support.coordinator.uploads import identity_for

from pfi.coordinator.v1 import certificate_service_pb2, enrolment_service_pb2
from pfi.coordinator.v1.certificate_service_pb2_grpc import CertificateServiceStub
from pfi.coordinator.v1.enrolment_service_pb2_grpc import EnrolmentServiceStub
from pfi_common.clock import SystemClock
from pfi_common.errors import (
    CertificateRequestInvalidError,
    ClientRevokedError,
    DeadlineRequiredError,
    IdentityInvalidError,
    InvalidRequestError,
    PermissionDeniedError,
    RenewalRefusedError,
    ServiceUnavailableError,
    TokenExpiredError,
    TokenInvalidError,
    TokenUsedError,
)
from pfi_common.identity import (
    CertificateAuthority,
    JoinToken,
    create_certificate_request,
    generate_key,
)
from pfi_common.rpc.channel import enrolment_channel, secure_channel
from pfi_common.rpc.errors import translated

pytestmark = pytest.mark.integration


@pytest.fixture
async def enrolment(coordinator):
    """A stub of the enrolment port."""
    authority_pem = coordinator.site.authority.certificate_pem
    async with enrolment_channel(coordinator.endpoints.enrolment, authority_pem) as channel:
        yield EnrolmentServiceStub(channel)


async def clients(coordinator):
    return (await coordinator.admin.get("/v1/clients")).json()["clients"]


async def test_a_client_joins_with_a_token(coordinator):
    token = await coordinator.token(label="front desk")
    assert token.authority_fingerprint == coordinator.site.authority.fingerprint
    enrolled = await enrol(token, coordinator.site.authority.certificate_pem, "Front desk")
    certificate = enrolled.identity.certificate
    certificate.verify_directly_issued_by(coordinator.site.authority.certificate)
    assert enrolled.response.endpoints.coordinator == coordinator.endpoints.session
    (listed,) = await clients(coordinator)
    assert listed["client"] == enrolled.client
    assert (listed["display_name"], listed["state"]) == ("Front desk", "active")
    assert listed["certificate_expires_at"] == certificate.not_valid_after_utc.isoformat()


async def test_a_lost_response_loses_nothing(coordinator):
    token, key = await coordinator.token(), generate_key()
    authority_pem = coordinator.site.authority.certificate_pem
    first = await enrol(token, authority_pem, key=key)
    again = await enrol(token, authority_pem, key=key)
    assert first.client == again.client
    with pytest.raises(TokenUsedError):
        await enrol(token, authority_pem)
    assert len(await clients(coordinator)) == 1


async def test_unknown_malformed_and_expired_tokens(coordinator):
    authority_pem = coordinator.site.authority.certificate_pem
    token = await coordinator.token()
    for secret in ("wrong", "", "x" * 300):
        forged = JoinToken(token.endpoint, token.authority_fingerprint, secret)
        with pytest.raises(TokenInvalidError):
            await enrol(forged, authority_pem)
    expired = await coordinator.token(ttl_seconds=0.001)
    with pytest.raises(TokenExpiredError):
        await enrol(expired, authority_pem)
    assert await clients(coordinator) == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"certificate_request_der": b"junk"}, CertificateRequestInvalidError),
        ({"display_name": "<script>"}, InvalidRequestError),
        ({"agent_version": "v" * 65}, InvalidRequestError),
    ],
)
async def test_bad_requests_do_not_use_the_token_up(coordinator, enrolment, change, error):
    token = await coordinator.token()
    key = generate_key()
    good = {
        "token_secret": token.secret,
        "certificate_request_der": create_certificate_request(key),
    }
    request = enrolment_service_pb2.EnrolClientRequest(**(good | change))
    with pytest.raises(error), translated():
        await enrolment.EnrolClient(request, timeout=SECONDS)
    await enrolment.EnrolClient(enrolment_service_pb2.EnrolClientRequest(**good), timeout=SECONDS)


async def test_calls_need_a_deadline(enrolment):
    request = enrolment_service_pb2.CreateRenewalChallengeRequest()
    with pytest.raises(DeadlineRequiredError), translated():
        await enrolment.CreateRenewalChallenge(request)


async def renewed(identity, target):
    async with secure_channel(target, identity) as channel:
        request = certificate_service_pb2.RenewCertificateRequest()
        with translated():
            response = await CertificateServiceStub(channel).RenewCertificate(
                request, timeout=SECONDS
            )
    return response.certificate


async def test_a_connected_client_renews(coordinator):
    enrolled = await coordinator.enrol()
    certificate = await renewed(enrolled.identity, coordinator.endpoints.session)
    assert certificate.client == enrolled.client
    assert certificate.certificate_chain_pem != enrolled.identity.certificate_chain_pem


async def test_a_certified_key_that_is_not_the_registered_one_cannot_renew(coordinator):
    enrolled = await coordinator.enrol()
    stranger = identity_for(coordinator.site, enrolled.client).identity
    with pytest.raises(PermissionDeniedError):
        await renewed(stranger, coordinator.endpoints.session)


async def test_members_of_another_federation_are_not_let_in(coordinator, tmp_path):
    foreign = FederationFixture(tmp_path / "foreign", "test").client()
    with pytest.raises(ServiceUnavailableError):
        await renewed(foreign, coordinator.endpoints.session)


async def challenged(enrolment, identity, key=None, context=b"pfi.renewal.v1\x00"):
    """Renews with a fresh nonce, signed with the identity's key or another one."""
    key = key or load_pem_private_key(identity.key_pem, None)
    challenge = await enrolment.CreateRenewalChallenge(
        enrolment_service_pb2.CreateRenewalChallengeRequest(), timeout=SECONDS
    )
    request = enrolment_service_pb2.RenewExpiredCertificateRequest(
        certificate_pem=identity.certificate_chain_pem,
        nonce=challenge.nonce,
        signature=key.sign(context + challenge.nonce, ec.ECDSA(SHA256())),
    )
    with translated():
        response = await enrolment.RenewExpiredCertificate(request, timeout=SECONDS)
    return response.certificate, request


def expired(coordinator, enrolled, days):
    """The client's certificate as it would be `days` after its end."""
    clock = ManualClock(SystemClock().now() - timedelta(days=days + 1))
    authority = CertificateAuthority.load(coordinator.site.folder / "coordinator/authority", clock)
    key = load_pem_private_key(enrolled.identity.key_pem, None)
    certificate = authority.issue_client(key.public_key(), enrolled.client, timedelta(days=1))
    pem = certificate.public_bytes(Encoding.PEM)
    return replace(enrolled.identity, certificate_chain_pem=pem)


async def test_an_expired_certificate_is_renewed_with_its_key(coordinator, enrolment):
    enrolled = await coordinator.enrol()
    old = expired(coordinator, enrolled, days=3)
    with pytest.raises((ServiceUnavailableError, IdentityInvalidError)):
        await renewed(old, coordinator.endpoints.session)
    certificate, request = await challenged(enrolment, old)
    assert certificate.client == enrolled.client
    with pytest.raises(RenewalRefusedError), translated():
        await enrolment.RenewExpiredCertificate(request, timeout=SECONDS)


async def test_renewal_is_refused_without_proof_or_too_late(coordinator, enrolment):
    enrolled = await coordinator.enrol()
    old = expired(coordinator, enrolled, days=3)
    with pytest.raises(RenewalRefusedError):
        await challenged(enrolment, old, key=generate_key())
    with pytest.raises(RenewalRefusedError):
        await challenged(enrolment, old, context=b"")
    with pytest.raises(RenewalRefusedError):
        await challenged(enrolment, expired(coordinator, enrolled, days=31))


async def test_a_revoked_client_can_neither_renew_nor_return(coordinator, enrolment):
    key = generate_key()
    enrolled = await coordinator.enrol(key=key)
    path = f"/v1/clients/{enrolled.client}/revoke"
    assert (await coordinator.admin.post(path, json={"reason": "lost"})).status_code == 200
    with pytest.raises(ClientRevokedError):
        await challenged(enrolment, expired(coordinator, enrolled, days=1))
    with pytest.raises(ClientRevokedError):
        await renewed(enrolled.identity, coordinator.endpoints.session)
    with pytest.raises(ClientRevokedError):
        await coordinator.enrol(key=key)
    talk = Talk(coordinator.endpoints.session, enrolled.identity)
    with pytest.raises(ClientRevokedError):
        await talk.receive()
    await talk.close()
