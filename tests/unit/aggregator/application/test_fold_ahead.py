"""Updates that are folded before they are asked for: the same bits, whatever happens between."""

import asyncio
import threading
from dataclasses import replace

import pytest
from tests.support.aggregator.artifacts import InMemoryArtifacts
from tests.support.aggregator.builders import KEY, make_plan, make_upload
from tests.support.aggregator.use_cases import TOKEN, UseCases
from tests.support.grpc_server import eventually

from pfi_aggregator.application.fold_ahead import FoldAhead
from pfi_aggregator.application.fold_continuously import FoldContinuously
from pfi_aggregator.application.fold_update import FoldUpdate
from pfi_aggregator.domain.aggregation_rule import AggregationRule, MedianRule
from pfi_aggregator.domain.merge import sums_bytes
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.failpoints import Failpoints
from pfi_common.errors import ArtifactCorruptError, StoreUnavailableError
from pfi_common.tensors import BF16, INT8_BLOCK

PLAN = make_plan(clip_norm=0.05)
UPLOADS = [
    make_upload(PLAN, f"c-{index:012}", seed=index, examples=index + 1) for index in range(4)
]
LIMIT_SECONDS = 60


async def start(plan=PLAN) -> UseCases:
    world = UseCases()
    await world.start(plan)
    return world


def fold_all(world) -> int:
    count = 0
    while world.ahead.fold_next():
        count += 1
    return count


async def finish(world) -> str:
    await world.seal.run(TOKEN, KEY)
    result = await world.finalize.run(TOKEN, KEY)
    return world.statements.read_lineage(result.lineage).adapter.digest


@pytest.fixture(scope="module")
def expected() -> str:
    """Digest of the adapter when nothing is folded ahead."""

    async def run() -> str:
        world = await start()
        for upload in UPLOADS:
            await world.upload(upload)
        return await finish(world)

    return asyncio.run(run())


@pytest.mark.parametrize("folded", range(len(UPLOADS) + 1))
async def test_the_rest_is_folded_at_the_end(expected, folded):
    world = await start()
    for upload in UPLOADS[:folded]:
        await world.upload(upload)
    assert fold_all(world) == folded
    for upload in UPLOADS[folded:]:
        await world.upload(upload)
    assert await finish(world) == expected


@pytest.mark.parametrize("encoding", [BF16, INT8_BLOCK])
async def test_other_encodings_give_the_same_bits_as_well(encoding):
    digests = set()
    for ahead in (True, False):
        world = await start()
        for index in range(3):
            await world.upload(make_upload(PLAN, f"c-{index:012}", seed=index, encoding=encoding))
            if ahead:
                fold_all(world)
        digests.add(await finish(world))
    assert len(digests) == 1


async def test_lag_is_what_is_still_to_be_folded():
    world = await start()
    for upload in UPLOADS[:3]:
        await world.upload(upload)
    assert world.ahead.lag() == 3
    assert world.ahead.fold_next()
    assert world.ahead.lag() == 2
    fold_all(world)
    assert world.ahead.lag() == 0


async def test_a_sealed_round_is_folded_too_after_a_restart(expected):
    world = await start()
    for upload in UPLOADS:
        await world.upload(upload)
    await world.seal.run(TOKEN, KEY)
    assert fold_all(world) == len(UPLOADS)
    assert await finish(world) == expected


async def test_what_is_not_counted_is_not_used(expected):
    world = await start()
    for upload in UPLOADS:
        await world.upload(upload)
    world.rounds.seal(KEY)
    stray = make_upload(PLAN, "c-000000000009", seed=9)
    fold_all(world)
    folded = world.ahead._folded[KEY]
    folded.updates.append(replace(folded.updates[0], task=stray.ticket.task))
    assert await finish(world) == expected


async def test_a_damaged_update_is_told_when_the_round_is_finalized():
    world = await start()
    for upload in UPLOADS[:2]:
        await world.upload(upload)
    assert world.ahead.fold_next()
    updates = world.rounds._rounds[KEY].updates
    task = next(reversed(updates))
    record, payload = updates[task]
    updates[task] = (record, bytes([payload[0] ^ 1]) + payload[1:])
    assert world.ahead.fold_next()
    assert not world.ahead.fold_next()
    assert world.ahead.lag() == 0
    with pytest.raises(ArtifactCorruptError) as caught:
        await finish(world)
    assert caught.value.details == {"task": task}


@pytest.mark.parametrize("error", [MemoryError(), OSError(12, "Cannot allocate memory")])
async def test_sums_that_an_unforeseen_error_has_spoilt_are_not_used(expected, error):
    world = await start()
    for upload in UPLOADS:
        await world.upload(upload)

    class Fails(FoldUpdate):
        def run(self, plan, merge, update, weight_units):
            super().run(plan, merge, update, weight_units)
            raise error

    assert world.ahead.fold_next()
    world.ahead._fold = Fails(world.rounds)
    with pytest.raises(type(error)):
        world.ahead.fold_next()
    assert await finish(world) == expected


async def test_an_aborted_round_is_let_go_of():
    world = await start()
    await world.upload(UPLOADS[0])
    fold_all(world)
    await world.upload(UPLOADS[1])
    await world.abort.run(TOKEN, KEY)
    assert not world.ahead.fold_next()
    assert world.ahead.take(KEY) is None


async def test_a_round_of_another_rule_is_left_alone():
    world = await start(replace(PLAN, rule=AggregationRule(MedianRule())))
    await world.upload(UPLOADS[0])
    assert not world.ahead.fold_next()
    assert world.ahead.lag() == 0


async def test_rounds_share_the_memory_that_there_is():
    world = await start()
    other = replace(PLAN, key=RoundKey(KEY.run, KEY.round, KEY.attempt + 1, KEY.line))
    await world.open.run(TOKEN, other)
    for upload in UPLOADS[:2]:
        await world.upload(upload)
    await world.upload(make_upload(other))
    fold = FoldUpdate(world.rounds)
    none = FoldAhead(world.rounds, fold, sums_bytes(PLAN) - 1, Failpoints())
    assert not none.fold_next()
    one = FoldAhead(world.rounds, fold, 2 * sums_bytes(PLAN) - 1, Failpoints())
    assert [one.fold_next() for _ in range(3)] == [True, True, False]
    assert one.lag() == 1
    assert len(one.take(KEY).updates) == 2
    assert [one.fold_next() for _ in range(2)] == [True, False]
    assert len(one.take(other.key).updates) == 1


async def test_who_takes_the_sums_waits_for_the_update_that_is_being_folded():
    world = await start()
    await world.upload(UPLOADS[0])
    reached, go_on = threading.Event(), threading.Event()

    class Waiting(Failpoints):
        def reach(self, place):
            reached.set()
            assert go_on.wait(LIMIT_SECONDS)

    ahead = FoldAhead(world.rounds, FoldUpdate(world.rounds), 1 << 20, Waiting())
    folding = asyncio.create_task(asyncio.to_thread(ahead.fold_next))
    assert await asyncio.to_thread(reached.wait, LIMIT_SECONDS)
    taking = asyncio.create_task(asyncio.to_thread(ahead.take, KEY))
    go_on.set()
    taken = await asyncio.wait_for(taking, LIMIT_SECONDS)
    assert await asyncio.wait_for(folding, LIMIT_SECONDS)
    assert [update.task for update in taken.updates] == [UPLOADS[0].ticket.task]


async def test_commits_are_folded_as_they_come(expected):
    world = await start()
    await world.upload(UPLOADS[0])
    running = asyncio.create_task(FoldContinuously(world.ahead, world.bells).run())
    try:
        for upload in UPLOADS[1:]:
            await world.upload(upload)
        await eventually(lambda: world.ahead.lag() == 0, LIMIT_SECONDS)
        assert await finish(world) == expected
    finally:
        running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_round_that_cannot_be_finalized_is_not_folded_twice_at_a_time(expected):
    failed, go_on = asyncio.Event(), threading.Event()

    class Away(InMemoryArtifacts):
        async def get(self, kind, digest):
            if kind == "adapters" and not go_on.is_set():
                failed.set()
                raise StoreUnavailableError
            return await super().get(kind, digest)

    class Waits(FoldUpdate):
        def run(self, plan, merge, update, weight_units):
            assert go_on.wait(LIMIT_SECONDS)
            super().run(plan, merge, update, weight_units)

    world = UseCases(artifacts=Away())
    await world.start(PLAN)
    for upload in UPLOADS:
        await world.upload(upload)
    merge = replace(world.finalize.change.merge, fold=Waits(world.rounds))
    change = replace(world.finalize.change, merge=merge)
    world.finalize = replace(world.finalize, change=change)
    finishing = asyncio.create_task(finish(world))
    await asyncio.wait_for(failed.wait(), LIMIT_SECONDS)
    await asyncio.wait([finishing], timeout=0.1)
    assert not finishing.done()
    go_on.set()
    with pytest.raises(StoreUnavailableError):
        await finishing
    assert await finish(world) == expected
