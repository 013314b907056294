import socket
import stat
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from tests.support.client_agent.federation import scripted_federation
from tests.support.client_agent.observer import RecordingObserver
from tests.support.clock import ManualClock

from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.application.enrol import enrol
from pfi_client_agent.application.membership import Membership
from pfi_common.clock import SystemClock
from pfi_common.errors import (
    AuthorityMismatchError,
    IdentityInvalidError,
    InternalError,
    NotEnrolledError,
    RenewalRefusedError,
    ServiceUnavailableError,
    TokenExpiredError,
    TokenInvalidError,
    TokenUsedError,
)
from pfi_common.identity import JoinToken, load_identity
from pfi_common.rpc.channel import secure_channel

pytestmark = pytest.mark.integration


def membership(folder, clock=None):
    observer = RecordingObserver()
    return Membership(folder, clock or SystemClock(), secure_channel, observer), observer


async def test_a_token_becomes_an_identity_with_a_key_that_stays_here(federation, tmp_path):
    folder = StateFolder(tmp_path / "device")
    identity = await enrol(folder, federation.token(), "kitchen")
    assert identity.identity.role == "client"
    assert load_identity(folder.identity).certificate == identity.certificate
    assert stat.S_IMODE((folder.identity / "key.pem").stat().st_mode) == 0o600
    (request,) = federation.enrolment.requests
    assert request.display_name == "kitchen"
    assert identity.key_pem not in request.SerializeToString()
    known = membership(folder)[0]
    assert known.endpoints.coordinator == federation.member_server.target
    assert known.endpoints.aggregators == {"spool-0": federation.member_server.target}


async def test_a_lost_answer_loses_nothing(federation, tmp_path):
    folder = StateFolder(tmp_path / "device")
    federation.enrolment.lose_answers = 1
    with pytest.raises(InternalError):
        await enrol(folder, federation.token(), "")
    with pytest.raises(NotEnrolledError):
        load_identity(folder.identity)
    await enrol(folder, federation.token(), "")
    first, second = federation.enrolment.requests
    assert first.token_secret == second.token_secret
    assert load_identity(folder.identity).identity.name == "c-000000000000"


async def test_enrolling_again_asks_nobody(federation, tmp_path):
    folder = StateFolder(tmp_path / "device")
    first = await enrol(folder, federation.token(), "")
    second = await enrol(folder, federation.token("another"), "")
    assert first.identity == second.identity
    assert len(federation.enrolment.requests) == 1


async def test_an_identity_that_cannot_be_renewed_is_enrolled_anew_with_its_key(
    federation, tmp_path
):
    folder = StateFolder(tmp_path / "device")
    first = await enrol(folder, federation.token(), "")
    ended = first.certificate.not_valid_after_utc
    renewable = ManualClock(ended + timedelta(days=30))
    assert await enrol(folder, federation.token("another"), "", renewable) == first
    late = ManualClock(ended + timedelta(days=30, seconds=1))
    second = await enrol(folder, federation.token("another"), "", late)
    assert second.identity.name != first.identity.name
    assert second.key_pem == first.key_pem
    assert load_identity(folder.identity).certificate == second.certificate


async def test_a_used_token_is_refused_on_another_device(federation, tmp_path):
    await enrol(StateFolder(tmp_path / "one"), federation.token(), "")
    with pytest.raises(TokenUsedError):
        await enrol(StateFolder(tmp_path / "two"), federation.token(), "")


async def test_the_coordinators_reasons_arrive(federation, tmp_path):
    federation.enrolment.error = TokenExpiredError()
    with pytest.raises(TokenExpiredError):
        await enrol(StateFolder(tmp_path / "device"), federation.token(), "")


async def test_another_authority_is_found_out_before_the_secret_is_sent(federation, tmp_path):
    folder = StateFolder(tmp_path / "device")
    with pytest.raises(AuthorityMismatchError, match="another federation"):
        await enrol(folder, federation.token(fingerprint="ab" * 32), "")
    assert federation.enrolment.requests == []


async def test_a_device_belongs_to_one_federation(federation, tmp_path):
    folder = StateFolder(tmp_path / "device")
    await enrol(folder, federation.token(), "")
    async with scripted_federation(tmp_path / "other") as other:
        with pytest.raises(AuthorityMismatchError, match="Use another --state"):
            await enrol(folder, other.token(), "")


def closed_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


async def test_what_is_not_there_or_not_a_token_is_named(federation, tmp_path):
    folder = StateFolder(tmp_path / "device")
    nobody = JoinToken(f"127.0.0.1:{closed_port()}", "ab" * 32, "s").encode()
    with pytest.raises(ServiceUnavailableError, match="cannot be reached"):
        await enrol(folder, nobody, "")
    for text in ("nonsense", federation.token()[:-9], JoinToken("host", "ab" * 32, "s").encode()):
        with pytest.raises(TokenInvalidError):
            await enrol(folder, text, "")


async def test_a_young_certificate_is_left_alone(federation, folder):
    known, _ = membership(folder)
    await known.ensure_valid()
    assert federation.coordinator.renewed == []
    assert known.renewal_seconds > 11 * 3600


async def test_renewal_keeps_name_and_key(federation, tmp_path):
    federation.enrolment.lifetime = timedelta(seconds=50)
    folder = StateFolder(tmp_path / "device")
    before = await enrol(folder, federation.token(), "")
    federation.enrolment.lifetime = timedelta(days=1)
    known, observer = membership(folder)
    # One minute back-dated, 50 s to live: half of the lifetime is over.
    await known.ensure_valid()
    assert federation.coordinator.renewed == [before.identity.name]
    after = load_identity(folder.identity)
    assert after.key_pem == before.key_pem
    assert after.identity == before.identity
    assert after.certificate.not_valid_after_utc > before.certificate.not_valid_after_utc
    assert known.identity.certificate == after.certificate
    assert observer.named("certificate_renewed") == [(after.certificate.not_valid_after_utc,)]


async def test_an_expired_certificate_is_renewed_with_its_key(federation, tmp_path):
    federation.enrolment.lifetime = timedelta(seconds=-5)
    folder = StateFolder(tmp_path / "device")
    before = await enrol(folder, federation.token(), "")
    federation.enrolment.lifetime = timedelta(days=1)
    known, _ = membership(folder)
    assert known.expired
    await known.ensure_valid()
    assert not known.expired
    assert known.client == before.identity.name
    (request,) = federation.enrolment.renewals
    before.certificate.public_key().verify(
        request.signature, b"pfi.renewal.v1\x00" + request.nonce, ECDSA(SHA256())
    )


async def test_an_expired_certificate_that_is_refused_is_an_error(federation, tmp_path):
    federation.enrolment.lifetime = timedelta(seconds=-5)
    folder = StateFolder(tmp_path / "device")
    await enrol(folder, federation.token(), "")
    federation.enrolment.error = RenewalRefusedError()
    with pytest.raises(RenewalRefusedError):
        await membership(folder)[0].ensure_valid()


async def test_a_failed_renewal_of_a_valid_certificate_waits(federation, tmp_path):
    federation.enrolment.lifetime = timedelta(seconds=50)
    folder = StateFolder(tmp_path / "device")
    await enrol(folder, federation.token(), "")
    known, observer = membership(folder)
    await federation.member_server.server.grpc.stop(None)
    await known.ensure_valid()
    ((error,),) = observer.named("renewal_failed")
    assert isinstance(error, ServiceUnavailableError)
    assert 50 < known.renewal_seconds <= 60


async def test_a_certificate_of_someone_else_is_not_taken(federation, tmp_path, monkeypatch):
    federation.enrolment.lifetime = timedelta(seconds=50)
    folder = StateFolder(tmp_path / "device")
    await enrol(folder, federation.token(), "")
    stranger = federation.certificates.client("c-00000000beef")
    monkeypatch.setattr(
        federation.enrolment, "reissue", lambda _: federation.enrolment.issue(
            stranger.certificate.public_key(), "c-000000000000"
        )
    )  # fmt: skip
    known, _ = membership(folder)
    with pytest.raises(IdentityInvalidError, match="someone else"):
        await known.ensure_valid()
    assert load_identity(folder.identity).key_sha256 == known.identity.key_sha256
