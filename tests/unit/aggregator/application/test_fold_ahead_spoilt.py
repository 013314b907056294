"""Sums that are spoilt while the finalization already waits for them."""

import asyncio
import threading

import pytest
from tests.support.aggregator.builders import KEY, make_plan, make_upload
from tests.support.aggregator.use_cases import TOKEN, UseCases
from tests.support.grpc_server import eventually

from pfi_aggregator.application.fold_update import FoldUpdate
from pfi_common.errors import StoreUnavailableError

PLAN = make_plan(clip_norm=0.05)
UPLOADS = [make_upload(PLAN, f"c-{index:012}", seed=index) for index in range(3)]
LIMIT_SECONDS = 60


async def finish(world) -> str:
    await world.seal.run(TOKEN, KEY)
    result = await world.finalize.run(TOKEN, KEY)
    return world.statements.read_lineage(result.lineage).adapter.digest


async def start() -> UseCases:
    world = UseCases()
    await world.start(PLAN)
    for upload in UPLOADS:
        await world.upload(upload)
    return world


@pytest.mark.parametrize("error", [StoreUnavailableError(), MemoryError()])
async def test_half_an_update_is_not_taken_by_who_waits_for_it(error):
    """The device answers again a moment later, so the finalization itself meets no error."""
    expected = await finish(await start())
    world, reached, go_on = await start(), threading.Event(), threading.Event()

    class Fails(FoldUpdate):
        def run(self, plan, merge, update, weight_units):
            super().run(plan, merge, update, weight_units)
            reached.set()
            assert go_on.wait(LIMIT_SECONDS)
            raise error

    assert world.ahead.fold_next()
    world.ahead._fold = Fails(world.rounds)
    folding = asyncio.create_task(asyncio.to_thread(world.ahead.fold_next))
    assert await asyncio.to_thread(reached.wait, LIMIT_SECONDS)
    finishing = asyncio.create_task(finish(world))
    await eventually(lambda: KEY not in world.ahead._folded, LIMIT_SECONDS)
    go_on.set()
    await asyncio.wait([folding], timeout=LIMIT_SECONDS)
    folding.exception()
    assert await asyncio.wait_for(finishing, LIMIT_SECONDS) == expected
