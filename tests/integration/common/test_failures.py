"""What a caller is told when a handler fails, and what the operator is told."""

import asyncio

import pytest
from tests.integration.common.services import Services, Stubs, adder
from tests.support.grpc_server import running_server

from pfi.aggregator.v1.adapter_service_pb2 import DownloadAdapterRequest
from pfi.aggregator.v1.update_service_pb2 import GetUploadStatusRequest, UploadUpdateRequest
from pfi.common.v1.adapter_pb2 import PayloadChunk
from pfi.coordinator.v1.session_service_pb2 import SessionRequest
from pfi_common.errors import (
    ERRORS,
    DiskFullError,
    InternalError,
    PlatformError,
    StoreUnavailableError,
    TicketExpiredError,
)
from pfi_common.rpc.channel import secure_channel
from pfi_common.rpc.errors import translated

pytestmark = pytest.mark.integration

SECRET = "the coordinate was 0.25"
CHUNKS = [UploadUpdateRequest(chunk=PayloadChunk(data=bytes(1 << 20)))] * 24


async def unary_unary(stubs: Stubs) -> None:
    await stubs.update.GetUploadStatus(GetUploadStatusRequest(), timeout=10)


async def stream_unary(stubs: Stubs) -> None:
    await stubs.update.UploadUpdate(iter(CHUNKS), timeout=60)


async def unary_stream(stubs: Stubs) -> None:
    async for _ in stubs.adapter.DownloadAdapter(DownloadAdapterRequest(), timeout=60):
        pass


async def stream_stream(stubs: Stubs) -> None:
    async for _ in stubs.session.Session(iter([SessionRequest()])):
        pass


KINDS = [unary_unary, stream_unary, unary_stream, stream_stream]


@pytest.fixture(autouse=True)
def all_is_read(monkeypatch):
    """However long it takes to read a refused upload, its client learns why it was refused."""
    monkeypatch.setattr("pfi_common.rpc.interceptor.UPLOAD_SECONDS", 60.0)


def raising(error: BaseException):
    async def behave() -> None:
        raise error

    return behave


async def failure(call, client) -> PlatformError:
    with pytest.raises(PlatformError) as caught, translated():
        await call(client)
    return caught.value


@pytest.mark.parametrize("call", KINDS)
async def test_a_typed_error_arrives_from_every_kind_of_method(call, client, services):
    services.behave = raising(DiskFullError("spool-0 is full", retry_after_seconds=7, spool="s"))
    error = await failure(call, client)
    assert type(error) is DiskFullError
    assert error.message == "spool-0 is full"
    assert (error.details, error.retry_after_seconds) == ({"spool": "s"}, 7)


@pytest.mark.parametrize("call", KINDS)
async def test_an_unforeseen_error_keeps_its_words_at_home(call, client, services, caplog):
    services.behave = raising(ValueError(SECRET))
    error = await failure(call, client)
    assert type(error) is InternalError
    assert error.message == InternalError().message
    assert SECRET not in repr(error.__dict__)
    (record,) = [item for item in caplog.records if item.getMessage() == "rpc_failed"]
    assert record.pfi_fields["error_type"] == "ValueError"
    assert "test_failures.py" in record.pfi_fields["stack_trace"]
    assert SECRET not in repr(record.pfi_fields)


@pytest.mark.parametrize("call", KINDS)
async def test_a_handler_that_waits_for_a_cancelled_task_has_failed(call, client, services):
    services.behave = raising(asyncio.CancelledError())
    error = await asyncio.wait_for(failure(call, client), 60)
    assert type(error) is InternalError


async def test_an_internal_error_of_our_own_is_logged_and_hidden(client, services, caplog):
    services.behave = raising(InternalError(SECRET))
    assert SECRET not in (await failure(unary_unary, client)).message
    assert [item for item in caplog.records if item.getMessage() == "rpc_failed"]


@pytest.mark.parametrize("reason", sorted(set(ERRORS) - {"INTERNAL"}))
async def test_every_reason_arrives(reason, client, services):
    services.behave = raising(ERRORS[reason]("what happened"))
    error = await failure(stream_stream, client)
    assert type(error) is ERRORS[reason]


@pytest.mark.parametrize("repeat", range(5))
async def test_an_upload_that_is_refused_while_it_runs_learns_why(repeat, client, services):
    services.behave = raising(TicketExpiredError("expired at noon"))
    assert type(await failure(stream_unary, client)) is TicketExpiredError


async def test_a_repeatable_call_is_repeated_and_others_are_not(client, services):
    services.behave = raising(StoreUnavailableError())
    assert type(await failure(unary_unary, client)) is StoreUnavailableError
    assert services.calls == ["GetUploadStatus"] * 4
    services.calls.clear()
    assert type(await failure(stream_unary, client)) is StoreUnavailableError
    assert services.calls == ["UploadUpdate"]


async def test_a_repeatable_call_succeeds_when_the_trouble_passes(client, services):
    async def trouble() -> None:
        if len(services.calls) == 1:
            raise StoreUnavailableError

    services.behave = trouble
    await unary_unary(client)
    assert len(services.calls) == 2


async def test_calls_are_counted_by_method_and_status(server, client, services):
    await unary_unary(client)
    services.behave = raising(TicketExpiredError())
    await failure(unary_unary, client)
    sample = server.registry.get_sample_value
    method = "pfi.aggregator.v1.UpdateService/GetUploadStatus"
    name = "pfi_test_rpc_requests_total"
    assert sample(name, {"method": method, "code": "OK"}) == 1
    assert sample(name, {"method": method, "code": "PERMISSION_DENIED"}) == 1
    assert sample("pfi_test_rpc_seconds_count", {"method": method}) == 2


async def test_refusals_are_logged_with_caller_and_reason(federation, services, caplog):
    caplog.set_level("INFO", "pfi")
    async with (
        running_server(federation.service(), adder(services)) as server,
        secure_channel(server.target, federation.service("aggregator/spool-0")) as channel,
    ):
        await failure(unary_unary, Stubs(channel))
    fields = [item.pfi_fields for item in caplog.records if item.getMessage() == "rpc_finished"]
    assert [(item["caller"], item["reason"]) for item in fields] == [
        ("aggregator/spool-0", "PERMISSION_DENIED")
    ]
    assert isinstance(services, Services)
