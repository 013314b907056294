"""Tokens and certificates that are wrong, used up, expired, foreign, revoked or there twice."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from tests.support.certificates import FederationFixture
from tests.support.clock import ManualClock
from tests.support.faults.logs import read_events, wait_for_event

from pfi.aggregator.v1.update_service_pb2 import GetUploadStatusRequest
from pfi.aggregator.v1.update_service_pb2_grpc import UpdateServiceStub
from pfi.coordinator.v1.session_service_pb2 import SessionHello, SessionRequest
from pfi.coordinator.v1.session_service_pb2_grpc import SessionServiceStub
from pfi_cli.local.programs import program_path
from pfi_cli.local.waiting import wait_until
from pfi_cli.settings import inherited_environment
from pfi_client_agent.domain.exit_codes import ExitCode
from pfi_common.errors import IdentityInvalidError, ServiceUnavailableError, TicketInvalidError
from pfi_common.identity import CertificateAuthority, JoinToken, load_identity
from pfi_common.rpc.channel import secure_channel
from pfi_common.rpc.errors import translated

pytestmark = [pytest.mark.faults, pytest.mark.e2e, pytest.mark.timeout(600)]


def agent(*arguments):
    """Runs `pfi-agent` to its end."""
    return subprocess.run(
        [program_path("pfi-agent"), *arguments],
        env=inherited_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the processes' own time


# Tokens


def test_tokens_that_are_wrong_used_or_expired(federation, tmp_path):
    good = federation.api.create_token(label="good", ttl_seconds=600).token
    brief = federation.api.create_token(label="brief", ttl_seconds=1)
    decoded = JoinToken.decode(good)
    wrong = JoinToken(decoded.endpoint, decoded.authority_fingerprint, "x" * len(decoded.secret))
    before = len(federation.api.clients())
    assert agent("enrol", "--token", good, "--state", tmp_path / "first").returncode == 0
    assert wait_until(lambda: now() > brief.expires_at, 60)
    cases = {
        "TOKEN_INVALID": wrong.encode(),
        "TOKEN_USED": good,
        "TOKEN_EXPIRED": brief.token,
    }
    for reason, token in cases.items():
        done = agent("enrol", "--token", token, "--state", tmp_path / reason)
        assert done.returncode == ExitCode.IDENTITY, done.stderr
        assert reason in done.stderr
        assert not (tmp_path / reason / "identity" / "certificate.pem").exists()
    assert len(federation.api.clients()) == before + 1


# Certificates


@pytest.fixture
def identities(federation, tmp_path):
    """Certificates over the name of a real client that must not be accepted as that client."""
    state = tmp_path / "device"  # whose agent does not run, so that nobody else opens its sessions
    token = federation.api.create_token(label="idle", ttl_seconds=600).token
    assert agent("enrol", "--token", token, "--state", state).returncode == 0
    client = load_identity(state / "identity").identity.name
    clock = ManualClock(now() - timedelta(days=2))
    real = FederationFixture(tmp_path / "unused", "test", clock)
    real.authority = CertificateAuthority.load(federation.layout.coordinator / "authority", clock)
    expired = real.client(client, lifetime=timedelta(hours=1))
    assert expired.certificate.not_valid_after_utc < now()
    return {
        "foreign": FederationFixture(tmp_path / "foreign", "test").client(client),
        "expired": expired,
    }


@pytest.mark.parametrize("kind", ["foreign", "expired"])
async def test_certificates_that_are_not_accepted(federation, identities, kind):
    identity = identities[kind]
    # The foreign one trusts the real servers, so that it is they who refuse.
    authority = federation.layout.authority.read_bytes()
    credentials = grpc.ssl_channel_credentials(
        authority, identity.key_pem, identity.certificate_chain_pem
    )
    async with grpc.aio.secure_channel(federation.endpoints["session"], credentials) as channel:
        with pytest.raises((ServiceUnavailableError, IdentityInvalidError)):
            await open_session(channel)
    async with grpc.aio.secure_channel(federation.endpoints["aggregator"], credentials) as channel:
        with pytest.raises((ServiceUnavailableError, IdentityInvalidError)):
            await ask_for_status(channel)
    client = identity.identity.name
    assert not read_events(federation.layout.log("coordinator"), "session_opened", client=client)


async def test_a_genuine_certificate_is_accepted_there(federation):
    """The case above would pass with anything that fails; this one shows what it hangs on."""
    identity = load_identity(federation.agents["ada"].folder / "identity")
    async with secure_channel(federation.endpoints["aggregator"], identity) as channel:
        with pytest.raises(TicketInvalidError):
            await ask_for_status(channel)


async def open_session(channel):
    with translated():
        stream = SessionServiceStub(channel).Session(timeout=60)
        await stream.write(SessionRequest(hello=SessionHello(training_rows=1)))
        await stream.read()


async def ask_for_status(channel):
    with translated():
        await UpdateServiceStub(channel).GetUploadStatus(GetUploadStatusRequest(), timeout=10)


@pytest.mark.slow
def test_certificates_that_expire_are_renewed_also_too_late(federation, spec, tmp_path, write_data):
    federation.configure("coordinator", client_certificate_lifetime_seconds="12")
    federation.restart("coordinator")
    federation.join("shorty", write_data(tmp_path / "shorty.jsonl", "shrew"))
    log = federation.agents["shorty"].log
    wait_for_event(log, "certificate_renewed", 2)

    def expires_at():
        clients = {item.client: item for item in federation.api.clients()}
        return clients[federation.agents["shorty"].client].certificate_expires_at

    renewals = len(read_events(log, "certificate_renewed"))
    with federation.paused("shorty"):
        assert wait_until(lambda: now() > expires_at() + timedelta(seconds=1), 60)
    wait_for_event(log, "certificate_renewed", renewals + 1)
    federation.configure("coordinator")
    federation.restart("coordinator")
    federation.wait_until_connected(3)
    run = federation.begin(spec(cohort={"size": 3}))
    federation.finish(run)
    federation.leave("shorty")


# Revocation


def test_a_client_is_revoked_while_it_trains(federation, spec, tmp_path, write_data):
    federation.join("mallory", write_data(tmp_path / "mallory.jsonl", "mole"))
    federation.wait_until_connected(3)
    cohort = {"size": 3, "minimum": 2, "deadline": "90s"}
    federation.hold_training("mallory")
    run = federation.begin(spec(cohort=cohort, stop={"rounds": 1}))
    federation.wait_until_training(run, "mallory")
    client = federation.agents["mallory"].client
    federation.api.revoke_client(client, reason="test")
    federation.wait_until_ended("mallory", ExitCode.REVOKED)
    wait_for_event(federation.layout.log("coordinator"), "session_closed", client=client)
    (failed,) = read_events(federation.agents["mallory"].log, "agent_failed")
    assert failed["reason"] == "CLIENT_REVOKED"

    ended = federation.finish(run)
    assert ended.rounds[0].counted == 2
    federation.start("mallory")  # and it stays outside
    federation.wait_until_ended("mallory", ExitCode.REVOKED)
    federation.leave("mallory")


# One identity twice


def test_two_agents_with_one_identity(federation, spec):
    ada = federation.agents["ada"]
    federation.hold_training("ada", "twin")
    run = federation.begin(spec(stop={"rounds": 1}))
    task = federation.wait_until_training(run, "ada")
    with federation.paused("ada"):
        twin = federation.add_agent("twin", federation.data["ada"], start=False)
        federation.data["twin"] = federation.data["ada"]
        shutil.copytree(ada.folder, twin.folder)
        twin.process.start()
        wait_for_event(twin.log, "task_started", task=task)
    federation.release_training("ada", "twin")
    # Both train the same task now, and may both upload it. One learns that it was superseded:
    # the older one, or the newer one if the older was just sending and came back once more.
    ended = federation.wait_until_one_ended("ada", "twin", status=ExitCode.SUPERSEDED)
    (failed,) = read_events(federation.agents[ended].log, "agent_failed")
    assert failed["reason"] == "SESSION_SUPERSEDED"
    federation.finish(run)
    assert federation.pid({"ada": "twin", "twin": "ada"}[ended]) is not None


def test_two_processes_with_one_state_folder(federation):
    ada = federation.agents["ada"]
    data = federation.data["ada"]
    done = agent("start", "--state", ada.folder, "--data", data, "--json-logs")
    assert done.returncode == ExitCode.RUNNING, done.stderr
    assert "AGENT_RUNNING" in done.stderr
    assert ada.process.running
