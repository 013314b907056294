"""Who may call what, and for how long."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from tests.integration.common.services import Stubs, adder
from tests.support.certificates import DAY
from tests.support.clock import ManualClock
from tests.support.grpc_server import running_server

from pfi.aggregator.v1.adapter_service_pb2 import DownloadAdapterRequest
from pfi.aggregator.v1.update_service_pb2 import GetUploadStatusRequest
from pfi.coordinator.v1.session_service_pb2 import SessionRequest
from pfi_common.clock import SystemClock
from pfi_common.errors import (
    ClientRevokedError,
    DeadlineRequiredError,
    IdentityInvalidError,
    InternalError,
    PermissionDeniedError,
    RevocationListStaleError,
)
from pfi_common.identity import (
    Identity,
    LocalIdentity,
    RevocationList,
    generate_key,
    key_to_pem,
)
from pfi_common.identity.authority import _CLIENT
from pfi_common.rpc.channel import enrolment_channel, secure_channel
from pfi_common.rpc.errors import translated

pytestmark = pytest.mark.integration

STATUS = GetUploadStatusRequest()


async def status(stubs: Stubs, seconds=10) -> int:
    with translated():
        return (await stubs.update.GetUploadStatus(STATUS, timeout=seconds)).resume_offset_bytes


async def download(stubs: Stubs, seconds=60) -> str:
    with translated():
        call = stubs.adapter.DownloadAdapter(DownloadAdapterRequest(), timeout=seconds)
        return [message.chunk.data async for message in call][-1].decode()


async def welcome(stubs: Stubs) -> str:
    with translated():
        call = stubs.session.Session(iter([SessionRequest()]))
        (answer,) = [message.welcome.client async for message in call]
    return answer


async def test_handlers_of_every_kind_see_the_caller(client):
    assert await status(client) == len("c-1")
    assert await download(client) == "spiffe://example/client/c-1"
    assert await welcome(client) == "c-1"


@pytest.mark.parametrize(
    ("service", "allowed"),
    [("coordinator", True), ("aggregator/spool-0", False), ("aggregator/spool-0-x", False)],
)
async def test_a_service_may_call_what_the_policy_says(
    service, allowed, server, federation, services
):
    async with secure_channel(server.target, federation.service(service)) as channel:
        stubs = Stubs(channel)
        if allowed:
            assert await download(stubs) == f"spiffe://example/service/{service}"
        else:
            with pytest.raises(PermissionDeniedError):
                await download(stubs)
        services.calls.clear()
        with pytest.raises(PermissionDeniedError):
            await status(stubs)
        with pytest.raises(PermissionDeniedError):
            await welcome(stubs)
    assert services.calls == []


async def test_a_name_of_another_federation_is_refused(server, federation, services):
    key = generate_key()
    name = Identity("other", "client", "c-1")
    certificate = federation.authority._issue(key.public_key(), name, _CLIENT, DAY)
    pem = certificate.public_bytes(Encoding.PEM)
    stranger = LocalIdentity(name, key_to_pem(key), pem, federation.authority.certificate_pem)
    async with secure_channel(server.target, stranger) as channel:
        with pytest.raises(IdentityInvalidError, match="another federation"):
            await status(Stubs(channel))
    assert services.calls == []


async def test_a_method_that_the_server_does_not_have_is_told(federation):
    async with (
        running_server(federation.service(), lambda _: None) as server,
        secure_channel(server.target, federation.client()) as channel,
    ):
        with pytest.raises(InternalError, match="does not know this method"):
            await status(Stubs(channel))


async def test_a_method_without_a_policy_is_refused(server, client, services, monkeypatch):
    monkeypatch.setattr(server.interceptor._handling.admission, "_policies", {})
    for call in (status, download, welcome):
        with pytest.raises(PermissionDeniedError, match="nobody may call this method"):
            await call(client)
    assert services.calls == []


async def test_the_enrolment_port_lets_nobody_in_who_has_to_be_known(federation, services):
    """Methods that need a certificate stay closed where none is asked for."""
    async with running_server(
        federation.service(), adder(services), require_client_certificate=False
    ) as server:
        for channel in (
            enrolment_channel(server.target, federation.authority.certificate_pem),
            secure_channel(server.target, federation.client()),
        ):
            async with channel:
                for call in (status, download, welcome):
                    with pytest.raises(IdentityInvalidError, match="no certificate"):
                        await call(Stubs(channel))
    assert services.calls == []


@pytest.mark.parametrize("seconds", [None, 12, 3600])
async def test_a_short_method_needs_a_short_deadline(client, services, seconds):
    with pytest.raises(DeadlineRequiredError, match="at most 10 seconds") as caught:
        await status(client, seconds)
    assert caught.value.details == {"maximum_seconds": "10"}
    assert services.calls == []


@pytest.mark.parametrize(("seconds", "allowed"), [(3600, True), (None, False), (3700, False)])
async def test_a_transfer_may_take_an_hour(client, seconds, allowed):
    if allowed:
        await download(client, seconds)
        return
    with pytest.raises(DeadlineRequiredError, match="at most 3600 seconds"):
        await download(client, seconds)


async def test_a_deadline_at_the_cap_is_allowed(client):
    for _ in range(20):
        assert await status(client, 10) == len("c-1")
        await download(client, 3600)


async def test_a_revoked_client_is_refused_and_another_is_not(server, client, federation):
    server.revocations.replace({"c-1"})
    for call in (status, download, welcome):
        with pytest.raises(ClientRevokedError):
            await call(client)
    async with secure_channel(server.target, federation.client("c-2")) as channel:
        assert await status(Stubs(channel)) == len("c-2")


async def test_a_stale_list_refuses_clients_and_no_service(federation, services):
    unread = RevocationList(SystemClock())
    async with running_server(federation.service(), adder(services), revocations=unread) as server:
        async with secure_channel(server.target, federation.client()) as channel:
            with pytest.raises(RevocationListStaleError):
                await download(Stubs(channel))
        async with secure_channel(server.target, federation.service()) as channel:
            await download(Stubs(channel))


async def test_a_certificate_that_expires_on_an_open_connection_is_refused(federation, services):
    clock = ManualClock(SystemClock().now())
    async with (
        running_server(federation.service(), adder(services), clock=clock) as server,
        secure_channel(server.target, federation.client()) as channel,
    ):
        stubs = Stubs(channel)
        await status(stubs)
        clock.advance(DAY.total_seconds() + 1)
        server.revocations.replace(set())
        with pytest.raises(IdentityInvalidError, match="renew it"):
            await status(stubs)


async def test_health_is_open_to_anyone(federation, services):
    async with running_server(
        federation.service(), adder(services), require_client_certificate=False
    ) as server:
        channel = enrolment_channel(server.target, federation.authority.certificate_pem)
        async with channel:
            answer = await HealthStub(channel).Check(HealthCheckRequest())
    assert answer.status == HealthCheckResponse.SERVING
