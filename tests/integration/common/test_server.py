"""Limits of a server, and its end."""

import asyncio
import socket

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from tests.integration.common.services import Services, Stubs, adder
from tests.support.grpc_server import eventually, running_server

from pfi.aggregator.v1.update_service_pb2 import GetUploadStatusRequest, UploadUpdateRequest
from pfi.common.v1.adapter_pb2 import PayloadChunk
from pfi_common.errors import InternalError, ServiceUnavailableError, SettingsInvalidError
from pfi_common.rpc.channel import secure_channel
from pfi_common.rpc.errors import translated
from pfi_common.rpc.options import ServerOptions
from pfi_coordinator.bootstrap.process import ENROLMENT_OPTIONS

pytestmark = pytest.mark.integration

REQUEST = GetUploadStatusRequest()


async def test_a_drain_says_not_serving_first_and_lets_calls_end(federation):
    release = asyncio.Event()
    services = Services(release.wait)
    async with (
        running_server(federation.service(), adder(services)) as server,
        secure_channel(server.target, federation.client("c-1")) as channel,
    ):
        stop = asyncio.Event()
        serving = asyncio.create_task(server.server.serve_until(stop, grace_seconds=30))
        watch = HealthStub(channel).Watch(HealthCheckRequest())
        assert (await watch.read()).status == HealthCheckResponse.SERVING
        call = Stubs(channel).update.GetUploadStatus(REQUEST, timeout=10)
        await eventually(lambda: services.calls)
        stop.set()
        assert (await watch.read()).status == HealthCheckResponse.NOT_SERVING
        release.set()
        assert (await call).resume_offset_bytes == len("c-1")
        watch.cancel()
        await asyncio.wait_for(serving, 60)


async def test_a_call_that_outlasts_the_grace_is_ended(federation):
    services = Services(asyncio.Event().wait)
    async with (
        running_server(federation.service(), adder(services)) as server,
        secure_channel(server.target, federation.client()) as channel,
    ):
        call = Stubs(channel).update.UploadUpdate(iter([UploadUpdateRequest()]), timeout=60)
        await eventually(lambda: services.calls)
        stop = asyncio.Event()
        stop.set()
        await asyncio.wait_for(server.server.serve_until(stop, grace_seconds=0.1), 60)
        with pytest.raises(ServiceUnavailableError), translated():
            await call
    assert services.cancelled == ["UploadUpdate"]


async def test_a_message_above_four_mebibytes_is_refused(client, services):
    big = UploadUpdateRequest(chunk=PayloadChunk(data=bytes(4 << 20)))
    with pytest.raises(InternalError, match="RESOURCE_EXHAUSTED"), translated():
        await client.update.UploadUpdate(iter([big]), timeout=60)


async def test_a_connection_that_never_speaks_is_closed(federation):
    options = ServerOptions(handshake_timeout_seconds=1.0)
    async with running_server(federation.service(), adder(Services()), options=options) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()
        async with secure_channel(server.target, federation.client()) as channel:
            await Stubs(channel).update.GetUploadStatus(REQUEST, timeout=10)


async def test_calls_above_the_limit_are_asked_to_come_back(federation):
    release = asyncio.Event()
    services, options = Services(release.wait), ServerOptions(maximum_calls=1)
    async with (
        running_server(federation.service(), adder(services), options=options) as server,
        secure_channel(server.target, federation.client()) as channel,
    ):
        first = Stubs(channel).update.GetUploadStatus(REQUEST, timeout=10)
        await eventually(lambda: services.calls)
        with pytest.raises(ServiceUnavailableError, match="too many calls"), translated():
            await Stubs(channel).update.GetUploadStatus(REQUEST, timeout=10)
        release.set()
        await first


def test_the_enrolment_port_has_a_limit_of_calls():
    assert ENROLMENT_OPTIONS.maximum_calls


async def test_plain_text_gets_no_answer(server):
    async with grpc.aio.insecure_channel(server.target) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await HealthStub(channel).Check(HealthCheckRequest(), timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_port_that_is_taken_is_told(federation, server):
    with pytest.raises(SettingsInvalidError, match=f"cannot listen on 127.0.0.1:{server.port}"):
        async with running_server(federation.service(), adder(Services()), port=server.port):
            pass


async def test_the_authority_is_sent_along(federation, server):
    """An enrolling client compares it with the fingerprint in its token."""
    chain = await asyncio.to_thread(_presented_chain, server.port)
    assert chain[-1] == federation.authority.fingerprint


def _presented_chain(port: int) -> list[str]:
    from OpenSSL import SSL

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as raw:
        raw.settimeout(None)
        connection = SSL.Connection(context, raw)
        connection.set_connect_state()
        connection.do_handshake()
        chain = connection.get_peer_cert_chain()
    return [item.digest("sha256").decode().replace(":", "").lower() for item in chain]
