"""Who is talked to at all: the handshake, with real certificates."""

from datetime import UTC, datetime, timedelta

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tests.integration.common.services import Services, Stubs, adder
from tests.support.certificates import FederationFixture
from tests.support.grpc_server import running_server

from pfi.aggregator.v1.update_service_pb2 import GetUploadStatusRequest, UploadUpdateRequest
from pfi_common.errors import ServiceUnavailableError
from pfi_common.identity import LocalIdentity, generate_key, identity_of, key_to_pem
from pfi_common.rpc.channel import enrolment_channel, secure_channel
from pfi_common.rpc.errors import translated

pytestmark = pytest.mark.integration

PAST = timedelta(seconds=-30)


@pytest.fixture
def other(tmp_path):
    """Another federation that took the same name."""
    return FederationFixture(tmp_path / "other")


def self_signed(trusting: LocalIdentity) -> LocalIdentity:
    """An identity that nobody issued, with a member's name."""
    key, now = generate_key(), datetime.now(UTC)  # noqa: TID251 - TLS uses the machine's clock
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "c-1")])
    uri = x509.UniformResourceIdentifier("spiffe://example/client/c-1")
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([uri]), critical=False)
        .sign(key, SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM)
    return LocalIdentity(identity_of(certificate), key_to_pem(key), pem, trusting.authority_pem)


def with_authority_of(identity: LocalIdentity, trusted: LocalIdentity) -> LocalIdentity:
    """The same identity, trusting another authority."""
    return LocalIdentity(
        identity.identity, identity.key_pem, identity.certificate_chain_pem, trusted.authority_pem
    )


async def upload(channel: grpc.aio.Channel) -> None:
    """Calls a method that channels do not repeat by themselves."""
    with translated():
        await Stubs(channel).update.UploadUpdate(iter([UploadUpdateRequest()]), timeout=60)


async def refused(channel: grpc.aio.Channel) -> str:
    """Expects that no connection comes about, and gives what the caller is told."""
    async with channel:
        with pytest.raises(ServiceUnavailableError) as caught:
            await upload(channel)
    return caught.value.message


async def test_a_member_is_let_in(server, federation, services):
    async with secure_channel(server.target, federation.client()) as channel:
        await upload(channel)
    assert services.calls == ["UploadUpdate"]


@pytest.mark.parametrize("kind", ["foreign", "expired", "self-signed", "signer's name"])
async def test_other_certificates_are_refused(kind, server, federation, other, services):
    member = federation.client()
    identity = {
        "foreign": lambda: with_authority_of(other.client("c-1"), member),
        "expired": lambda: federation.client(lifetime=PAST),
        "self-signed": lambda: self_signed(member),
        "signer's name": lambda: with_authority_of(other.service("coordinator"), member),
    }[kind]()
    message = await refused(secure_channel(server.target, identity))
    assert "does not accept this certificate (expired, or of another federation)" in message
    assert services.calls == []


async def test_nobody_without_a_certificate_is_let_in(server, federation, services):
    channel = enrolment_channel(server.target, federation.authority.certificate_pem)
    assert "does not accept this certificate" in await refused(channel)
    assert services.calls == []


async def test_a_server_of_another_federation_is_not_talked_to(federation, other):
    services = Services()
    async with running_server(other.service(), adder(services)) as server:
        message = await refused(secure_channel(server.target, federation.client()))
    assert "not of this federation" in message
    assert services.calls == []


async def test_a_client_certificate_cannot_pass_for_a_server(federation):
    services = Services()
    async with running_server(federation.client("c-evil"), adder(services)) as server:
        message = await refused(secure_channel(server.target, federation.client()))
        bare = enrolment_channel(server.target, federation.authority.certificate_pem)
        assert await refused(bare) == message
    assert "not a server's" in message
    assert services.calls == []


async def test_a_service_cannot_pass_for_one_at_another_address(federation):
    services = Services()
    elsewhere = federation.service("aggregator/spool-0", ("elsewhere.example",))
    async with running_server(elsewhere, adder(services)) as server:
        message = await refused(secure_channel(server.target, federation.client()))
    assert "not for this address" in message
    assert services.calls == []


async def test_an_expired_server_is_not_talked_to(federation):
    services = Services()
    async with running_server(federation.service(lifetime=PAST), adder(services)) as server:
        message = await refused(secure_channel(server.target, federation.client()))
    assert "server's certificate has expired" in message


async def test_nobody_at_the_address_is_told(federation, unused_tcp_port):
    target = f"127.0.0.1:{unused_tcp_port}"
    assert "nothing listens" in await refused(secure_channel(target, federation.client()))


async def test_a_repeatable_call_survives_a_server_that_comes_late(federation, unused_tcp_port):
    services = Services()
    target = f"127.0.0.1:{unused_tcp_port}"
    async with secure_channel(target, federation.client("c-1")) as channel:
        call = Stubs(channel).update.GetUploadStatus(GetUploadStatusRequest(), timeout=10)
        await channel.wait_for_state_change(grpc.ChannelConnectivity.IDLE)
        async with running_server(federation.service(), adder(services), port=unused_tcp_port):
            assert (await call).resume_offset_bytes == len("c-1")
