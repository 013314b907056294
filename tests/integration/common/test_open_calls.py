"""Calls that are open when their caller is revoked."""

import asyncio

import grpc
import pytest
from tests.integration.common.services import Services, Stubs, adder
from tests.support.clock import ManualClock
from tests.support.grpc_server import RunningServer, eventually, running_server

from pfi.aggregator.v1.adapter_service_pb2 import DownloadAdapterRequest
from pfi.aggregator.v1.update_service_pb2 import UploadUpdateRequest
from pfi.common.v1.adapter_pb2 import PayloadChunk
from pfi.coordinator.v1.session_service_pb2 import SessionRequest
from pfi_common.clock import SystemClock
from pfi_common.errors import (
    ClientRevokedError,
    PlatformError,
    RevocationListStaleError,
    ServiceUnavailableError,
)
from pfi_common.rpc.caller import require_client
from pfi_common.rpc.channel import secure_channel
from pfi_common.rpc.errors import translated

pytestmark = pytest.mark.integration

CUT_SECONDS = 60
"""Far above what a cut takes, so that a busy machine passes as well."""
CHUNK = UploadUpdateRequest(chunk=PayloadChunk(data=bytes(1 << 20)))


async def read_session(call: grpc.aio.StreamStreamCall) -> None:
    with translated():
        async for _ in call:
            pass


async def session(stubs: Stubs) -> None:
    """Stays in a session in which nobody speaks."""
    call = stubs.session.Session()
    await call.write(SessionRequest())
    await read_session(call)


async def silent_upload(stubs: Stubs) -> None:
    """Starts an upload and then sends nothing."""

    async def requests():
        yield CHUNK
        await asyncio.Event().wait()

    with translated():
        await stubs.update.UploadUpdate(requests(), timeout=600)


async def slow_answer(stubs: Stubs) -> None:
    """Waits for the first response of a stream."""
    call = stubs.adapter.DownloadAdapter(DownloadAdapterRequest(), timeout=600)
    with translated():
        async for _ in call:
            pass


async def read_all(call: grpc.aio.UnaryStreamCall) -> None:
    while await call.read() is not grpc.aio.EOF:
        pass


async def error_of(task: asyncio.Task) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        await asyncio.wait_for(task, CUT_SECONDS)
    return caught.value


@pytest.mark.parametrize("call", [session, silent_upload, slow_answer])
async def test_revocation_cuts_an_open_call(call, federation):
    services = Services(asyncio.Event().wait if call is slow_answer else nothing)
    async with (
        running_server(federation.service(), adder(services)) as server,
        secure_channel(server.target, federation.client("c-1")) as channel,
    ):
        task = asyncio.create_task(call(Stubs(channel)))
        await eventually(lambda: services.calls)
        server.revocations.replace({"c-1"})
        assert isinstance(await error_of(task), ClientRevokedError)


async def nothing() -> None:
    """Lets handlers run on."""


async def test_a_session_is_cut_at_any_moment_of_its_first_answer(federation):
    """A cut while the first message is on its way must still send the status."""
    entered = {f"c-{number}": asyncio.Event() for number in range(36)}
    revoked: set[str] = set()

    async def behave() -> None:
        entered[require_client()].set()

    async def cut(server: RunningServer, name: str, steps: int) -> None:
        async with secure_channel(server.target, federation.client(name)) as channel:
            call = Stubs(channel).session.Session()
            await call.write(SessionRequest())
            await entered[name].wait()
            for _ in range(steps):
                await asyncio.sleep(0)
            revoked.add(name)
            server.revocations.replace(set(revoked))
            with pytest.raises((ClientRevokedError, ServiceUnavailableError)):
                await asyncio.wait_for(read_session(call), CUT_SECONDS)

    async with running_server(federation.service(), adder(Services(behave))) as server:
        for names in batched(entered, 6):
            await asyncio.gather(*(cut(server, name, step) for step, name in enumerate(names)))


def batched(names, size: int) -> list[list[str]]:
    listed = list(names)
    return [listed[start : start + size] for start in range(0, len(listed), size)]


async def test_a_client_that_does_not_read_is_cut_too(server, client):
    more_than_buffers_hold = DownloadAdapterRequest(offset_bytes=10**6)
    call = client.adapter.DownloadAdapter(more_than_buffers_hold, timeout=600)
    await call.read()
    streams = server.interceptor._handling.streams
    assert streams._streams
    server.revocations.replace({"c-1"})
    await eventually(lambda: not streams._streams, CUT_SECONDS)
    with pytest.raises((ClientRevokedError, ServiceUnavailableError)), translated():
        await read_all(call)


async def test_a_busy_upload_is_cut_and_the_next_call_says_why(server, client, services):
    async def endless():
        while True:
            yield CHUNK

    async def upload():
        with translated():
            await client.update.UploadUpdate(endless(), timeout=600)

    task = asyncio.create_task(upload())
    await eventually(lambda: services.calls)
    server.revocations.replace({"c-1"})
    assert isinstance(await error_of(task), ClientRevokedError | ServiceUnavailableError)
    with pytest.raises(ClientRevokedError):
        await asyncio.wait_for(session(client), CUT_SECONDS)


async def test_others_stay_when_one_is_revoked(server, federation, services):
    async with (
        secure_channel(server.target, federation.client("c-1")) as revoked,
        secure_channel(server.target, federation.client("c-2")) as member,
    ):
        task = asyncio.create_task(session(Stubs(revoked)))
        stays = Stubs(member).session.Session()
        await stays.write(SessionRequest())
        await eventually(lambda: len(services.calls) == 2)
        server.revocations.replace({"c-1"})
        assert isinstance(await error_of(task), ClientRevokedError)
        await stays.write(SessionRequest())
        assert [(await stays.read()).welcome.client for _ in range(2)] == ["c-2"] * 2


async def test_an_open_session_ends_when_the_list_goes_stale(federation, services):
    clock = ManualClock(SystemClock().now())
    async with (
        running_server(federation.service(), adder(services), clock=clock) as server,
        secure_channel(server.target, federation.client()) as channel,
    ):
        task = asyncio.create_task(session(Stubs(channel)))
        await eventually(lambda: services.calls)
        clock.advance(601)
        assert isinstance(await error_of(task), RevocationListStaleError)


async def test_a_client_that_leaves_ends_its_handler(federation):
    services = Services(asyncio.Event().wait)
    async with running_server(federation.service(), adder(services)) as server:
        async with secure_channel(server.target, federation.client()) as channel:
            task = asyncio.create_task(session(Stubs(channel)))
            await eventually(lambda: services.calls)
            task.cancel()
        await eventually(lambda: services.cancelled)
        labels = {"method": "pfi.coordinator.v1.SessionService/Session", "code": "CANCELLED"}
        name = "pfi_test_rpc_requests_total"
        await eventually(lambda: server.registry.get_sample_value(name, labels) == 1)
