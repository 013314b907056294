"""How updates that arrive end: cancelled, silent, counted as an earlier call has announced."""

import asyncio
import gc
import threading
import weakref
from dataclasses import replace

import numpy as np
import pytest
from tests.support.aggregator.builders import KEY
from tests.support.aggregator.incoming import InMemoryPartialUpload
from tests.support.aggregator.large_uploads import (
    CHUNK_BYTES,
    Stalling,
    break_off,
    expected_sums,
    send,
    start,
    upload_of,
)
from tests.support.aggregator.use_cases import TOKEN, cut

LIMIT_SECONDS = 60
UPLOADS = [upload_of(index) for index in range(4)]
WATCHED = ("append", "pieces", "close")


class Watched:
    """An upload whose calls are noted; each piece is read while `reading` looks on."""

    def __init__(self, upload: InMemoryPartialUpload, reading=lambda: None) -> None:
        self._upload, self._reading = upload, reading
        self.calls: list[str] = []

    def __getattr__(self, name):
        if name in WATCHED:
            self.calls.append(name)
        return getattr(self._upload, name)

    def pieces(self):
        self.calls.append("pieces")
        for piece in self._upload.pieces():
            self._reading()
            yield piece


def watch(world, reading=lambda: None) -> list[Watched]:
    begin, watched = world.incoming.begin, []

    def begin_watched(task, header):
        watched.append(Watched(begin(task, header), reading))
        return watched[-1]

    world.incoming.begin = begin_watched
    return watched


async def finish(world) -> str:
    await world.seal.run(TOKEN, KEY)
    result = await world.finalize.run(TOKEN, KEY)
    return world.statements.read_lineage(result.lineage).adapter.digest


async def finished_alone(uploads) -> str:
    world = await start()
    for upload in uploads:
        await world.upload(upload, chunk_bytes=CHUNK_BYTES)
    return await finish(world)


async def test_an_update_that_an_earlier_call_has_linked_counts_as_that_has_announced():
    """The name was not durable in time, and the client comes again with another example count."""
    world = await start()
    await world.upload(UPLOADS[0], chunk_bytes=CHUNK_BYTES)
    commit, earlier = world.rounds.commit, UPLOADS[1]

    def linked_before(record):
        examples = earlier.header.example_count
        header = replace(record.header, example_count=examples)
        return commit(replace(record, header=header, weight_units=examples * 256))

    world.rounds.commit = linked_before
    later = upload_of(1)
    later.header.example_count = 7
    await world.upload(later, chunk_bytes=CHUNK_BYTES)
    assert world.ahead.fold_next()
    taken = world.ahead.take(KEY)
    assert len(taken.updates) == 2
    sums, weight_units = taken.merge.sums()
    np.testing.assert_array_equal(sums, expected_sums(UPLOADS[:2]))
    assert weight_units == sum(update.weight_units for update in taken.updates)


async def test_an_upload_is_read_by_one_thread_at_a_time():
    """Who takes the sums reads it, too: one cipher serves both."""
    world, held = await start(), []
    await world.upload(UPLOADS[0], chunk_bytes=CHUNK_BYTES)
    await break_off(world, UPLOADS[1], 500_000)

    def reading():
        (arriving,) = world.ahead._folded[KEY].arriving.values()
        held.append(arriving._using.locked())

    watch(world, reading)
    offset = world.ask(UPLOADS[1]).resume_offset_bytes
    await break_off(world, UPLOADS[1], 700_000, offset)
    assert held
    assert all(held)


@pytest.mark.parametrize("place", ["incoming", "ahead"])
async def test_what_begins_for_a_call_that_is_cancelled_meanwhile_is_ended(place):
    world = await start()
    watched, owner = watch(world), getattr(world, place)
    reached, go_on, begin = asyncio.Event(), threading.Event(), owner.begin
    loop = asyncio.get_running_loop()

    def waiting(*args):
        loop.call_soon_threadsafe(reached.set)
        assert go_on.wait(LIMIT_SECONDS)
        return begin(*args)

    owner.begin = waiting
    call = asyncio.create_task(send(world, UPLOADS[0], cut(UPLOADS[0].payload, CHUNK_BYTES)))
    await asyncio.wait_for(reached.wait(), LIMIT_SECONDS)
    call.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert [item.calls for item in watched] == [["close"]]
    assert not world.ahead._folded


async def stalled(world, upload) -> tuple[Stalling, asyncio.Task]:
    slow = Stalling(upload, 700_000)
    running = asyncio.create_task(send(world, upload, slow.chunks()))
    await asyncio.wait_for(slow.stalls.wait(), LIMIT_SECONDS)
    return slow, running


async def spoil(world):
    world.ahead._folded[KEY].spoilt = True
    await break_off(world, UPLOADS[2], 300_000)


async def take(world):
    assert world.ahead.take(KEY) is None


async def close(world):
    world.ahead.close()
    assert not world.ahead.fold_next()


async def abort(world):
    await world.abort.run(TOKEN, KEY)
    assert not world.ahead.fold_next()


@pytest.mark.parametrize("leave", [spoil, take, close, abort])
async def test_a_silent_client_does_not_keep_sums_that_nobody_will_use(leave):
    world = await start()
    slow, running = await stalled(world, UPLOADS[1])
    merge = weakref.ref(world.ahead._folded[KEY].merge)
    await leave(world)
    gc.collect()
    assert merge() is None
    slow.go_on.set()
    await asyncio.wait([running], timeout=LIMIT_SECONDS)
    if leave is abort:
        assert running.exception()
        return
    running.result()
    assert await finish(world) == await finished_alone(UPLOADS[1:2])


async def test_sums_that_are_spoilt_while_they_are_taken_are_let_go_of():
    world = await start()
    running = [await stalled(world, UPLOADS[index]) for index in (0, 1)]
    for upload in UPLOADS[2:]:
        await world.upload(upload, chunk_bytes=CHUNK_BYTES)
    world.incoming._uploads[UPLOADS[0].ticket.task][1][9] ^= 1
    merge = weakref.ref(world.ahead._folded[KEY].merge)
    assert world.ahead.take(KEY) is None
    gc.collect()
    assert merge() is None
    for slow, _ in running:
        slow.go_on.set()
    await asyncio.wait([call for _, call in running], timeout=LIMIT_SECONDS)
    running[1][1].result()


async def test_sums_of_nothing_are_let_go_of_and_nothing_is_read_for_it():
    world = await start()
    watched = watch(world)
    await break_off(world, UPLOADS[0], 500_000)
    assert watched[0].calls.count("pieces") == 1  # what an earlier call would have stored
    assert not world.ahead._folded
    offset = world.ask(UPLOADS[0]).resume_offset_bytes
    for upload, start_at in ((UPLOADS[0], offset), (UPLOADS[1], 0)):
        await world.upload(upload, chunk_bytes=CHUNK_BYTES, offset=start_at)
    assert world.ahead.lag() == 0
    taken = world.ahead.take(KEY)
    np.testing.assert_array_equal(taken.merge.sums()[0], expected_sums(UPLOADS[:2]))


async def test_an_unforeseen_error_while_an_update_is_taken_out_leaves_the_sums_unused():
    world = await start()
    await world.upload(UPLOADS[0], chunk_bytes=CHUNK_BYTES)

    def reading():
        raise MemoryError

    watch(world, reading)
    with pytest.raises(MemoryError):
        await send(world, UPLOADS[1], cut(UPLOADS[1].payload[:500_000], CHUNK_BYTES))
    assert KEY not in world.ahead._folded
    assert await finish(world) == await finished_alone(UPLOADS[:1])
