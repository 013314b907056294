"""Two calls at one upload, cancelled calls, and sweeping."""

import asyncio
import threading
from dataclasses import replace

import pytest
from tests.support.aggregator.builders import (
    EXPIRY,
    KEY,
    KEY_SHA256,
    make_plan,
    make_upload,
    with_ticket,
)
from tests.support.aggregator.use_cases import TOKEN, UseCases, receipt_of
from tests.support.clock import START
from tests.support.grpc_server import eventually

from pfi.aggregator.v1.ticket_pb2 import UpdateReceipt
from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.shared_work import SharedWork
from pfi_aggregator.application.turns import Turns
from pfi_aggregator.application.upload_places import PlaceLimits, UploadPlaces
from pfi_aggregator.application.upload_turns import UploadTurns
from pfi_aggregator.domain.chunk import Chunk
from pfi_aggregator.domain.ticket import Caller
from pfi_aggregator.wire.updates import read_header
from pfi_common.errors import ChunkOutOfOrderError, UploadsLimitedError

PLAN = make_plan()
UPLOAD = make_upload(PLAN)
OTHER = make_upload(PLAN, "c-000000000002")
LIMIT_SECONDS = 60
CALLER = Caller(UPLOAD.ticket.client, KEY_SHA256)


@pytest.fixture
async def world():
    made = UseCases()
    await made.start(PLAN)
    return made


class StalledClient:
    """Sends 100 bytes, then nothing."""

    def __init__(self) -> None:
        self.sent = asyncio.Event()

    async def chunks(self):
        yield Chunk(0, UPLOAD.payload[:100])
        self.sent.set()
        await asyncio.Event().wait()


def stalled_upload(world) -> tuple[asyncio.Task, StalledClient]:
    client = StalledClient()
    header = read_header(with_ticket(UPLOAD))
    return asyncio.create_task(world.receive.run(CALLER, header, client.chunks())), client


async def test_a_newer_call_takes_an_upload_over(world):
    older, client = stalled_upload(world)
    await client.sent.wait()
    receipt = await world.upload(UPLOAD, offset=100)
    assert receipt.task == UPLOAD.ticket.task
    with pytest.raises(ChunkOutOfOrderError):
        await older
    assert len((await world.seal.run(TOKEN, KEY)).counted) == 1


async def test_a_call_that_was_about_to_receive_is_taken_over_as_well():
    turns, held, go_on = UploadTurns(), asyncio.Event(), asyncio.Event()

    async def older() -> None:
        async with turns.take("task"):
            held.set()
            await go_on.wait()  # such as for the disk
            async with turns.receiving("task"):
                await asyncio.Event().wait()

    async def newer() -> None:
        async with turns.take("task"), turns.receiving("task"):
            pass

    first = asyncio.create_task(older())
    await held.wait()
    second = asyncio.create_task(newer())
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.wait_for(second, LIMIT_SECONDS)
    with pytest.raises(ChunkOutOfOrderError):
        await first


async def test_a_third_call_does_not_fail_while_the_first_still_ends():
    turns, started, go_on = UploadTurns(), asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def work():
        loop.call_soon_threadsafe(started.set)
        assert go_on.wait(LIMIT_SECONDS)

    async def first():
        async with turns.take("task"):
            await awaited.wait()
            async with turns.receiving("task"):
                await in_thread(work)

    async def later():
        async with turns.take("task"):
            pass

    awaited = asyncio.Event()
    calls = [asyncio.create_task(first())]
    await asyncio.sleep(0)
    calls.append(asyncio.create_task(later()))
    await asyncio.sleep(0)
    awaited.set()
    await asyncio.wait_for(started.wait(), LIMIT_SECONDS)
    await eventually(turns._receiving["task"].expired, LIMIT_SECONDS)
    calls.append(asyncio.create_task(later()))
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(ChunkOutOfOrderError):
        await calls[0]
    await asyncio.wait_for(asyncio.gather(*calls[1:]), LIMIT_SECONDS)


async def test_a_cancelled_call_keeps_its_bytes(world):
    call, client = stalled_upload(world)
    await client.sent.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert world.ask(UPLOAD).resume_offset_bytes == 100
    await world.upload(UPLOAD, offset=100)


async def test_many_calls_for_one_task_count_once(world):
    receipts = await asyncio.gather(
        *[world.upload(UPLOAD) for _ in range(8)], return_exceptions=True
    )
    # Which call comes last is decided by threads; it has the receipt.
    assert {type(receipt) for receipt in receipts} <= {UpdateReceipt, ChunkOutOfOrderError}
    assert (
        len({receipt.SerializeToString() for receipt in receipts if hasattr(receipt, "run")}) == 1
    )
    assert world.meter.counts["committed"] == 1


async def test_sweeping_spares_what_is_worked_on(world):
    call, client = stalled_upload(world)
    await client.sent.wait()
    world.clock.advance((EXPIRY - START).total_seconds() + 61)
    await world.sweep.run()
    assert world.incoming.count() == 1
    call.cancel()
    await asyncio.wait([call])
    await world.sweep.run()
    assert world.incoming.count() == 0


async def test_sweeping_deletes_uploads_of_closed_rounds_alone(world):
    call, client = stalled_upload(world)
    await client.sent.wait()
    call.cancel()
    await asyncio.wait([call])
    await world.sweep.run()
    assert world.incoming.count() == 1
    await world.abort.run(TOKEN, KEY)
    await world.sweep.run()
    assert world.incoming.count() == 0


async def test_sweeping_deletes_what_nobody_goes_on_with(world):
    call, client = stalled_upload(world)
    await client.sent.wait()
    call.cancel()
    await asyncio.wait([call])
    world.clock.advance(1000)
    await world.sweep.run()
    assert world.ask(UPLOAD).resume_offset_bytes == 100
    world.sweep = replace(world.sweep, abandoned_seconds=900.0)
    await world.sweep.run()
    assert (world.ask(UPLOAD).resume_offset_bytes, world.incoming.count()) == (0, 0)
    assert await world.upload(UPLOAD)  # the client starts again


async def test_an_upload_that_loses_its_place_keeps_its_bytes():
    places = UploadPlaces(PlaceLimits(places=1, turn_seconds=0.05))
    world = UseCases(places=places)
    await world.start(PLAN)
    call, client = stalled_upload(world)
    await client.sent.wait()
    other = await world.upload(OTHER)
    assert other.client == OTHER.ticket.client
    with pytest.raises(UploadsLimitedError) as caught:
        await call
    assert caught.value.retry_after_seconds > 0
    assert world.meter.counts["refused UPLOADS_LIMITED"] == 1
    assert world.ask(UPLOAD).resume_offset_bytes == 100
    await world.upload(UPLOAD, offset=100)


async def test_an_upload_above_the_limits_is_refused_and_the_status_says_so():
    places = UploadPlaces(PlaceLimits(places=1, waiting=1))
    world = UseCases(places=places)
    await world.start(PLAN)
    call, client = stalled_upload(world)
    await client.sent.wait()
    waiting = asyncio.create_task(world.upload(OTHER))
    while not places.waiting_count:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0)
    third = make_upload(PLAN, "c-000000000003")
    for attempt in (lambda: world.upload(third), lambda: in_thread(world.ask, third)):
        with pytest.raises(UploadsLimitedError):
            await attempt()
    call.cancel()
    await asyncio.wait([call])
    assert (await waiting).client == OTHER.ticket.client
    assert world.ask(third).resume_offset_bytes == 0


async def test_a_receipt_needs_no_place():
    places = UploadPlaces(PlaceLimits(places=1, waiting=1))
    world = UseCases(places=places)
    await world.start(PLAN)
    receipt = await world.upload(OTHER)
    call, client = stalled_upload(world)
    await client.sent.wait()
    waiting = asyncio.create_task(world.upload(make_upload(PLAN, "c-000000000003")))
    while not places.waiting_count:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0)
    assert await world.upload(OTHER) == receipt
    assert receipt_of(world.ask(OTHER).receipt) == receipt
    for task in (call, waiting):
        task.cancel()
    await asyncio.wait([call, waiting])


async def test_blocking_work_is_over_when_a_cancelled_caller_returns():
    entered, leave, done = threading.Event(), threading.Event(), []

    def work() -> None:
        entered.set()
        leave.wait(10)
        done.append(1)

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(entered.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    leave.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == [1]


async def test_blocking_work_gives_its_result_or_error():
    assert await in_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 7, 0)


async def test_turns_leave_nothing_behind():
    turns, order = Turns(), []

    async def take(name: str) -> None:
        async with turns.take("upload"):
            order.append(name)
            await asyncio.sleep(0)
            order.append(name)

    await asyncio.gather(take("a"), take("b"))
    assert order == ["a", "a", "b", "b"]
    assert not turns.is_taken("upload")


async def test_shared_work_outlives_its_caller_and_is_joined():
    work, gate, runs = SharedWork[int](), asyncio.Event(), []

    async def run() -> int:
        runs.append(1)
        await gate.wait()
        return 42

    first = asyncio.create_task(work.join("merge", run))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    second = asyncio.create_task(work.join("merge", run))
    await asyncio.sleep(0)
    gate.set()
    assert await second == 42
    assert runs == [1]
    assert await work.join("merge", run) == 42
    assert runs == [1, 1]
