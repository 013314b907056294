"""A round's commands, repeated, out of order and from old leaders."""

import asyncio
import json

import numpy as np
import pytest
from tests.support.aggregator.builders import (
    KEY,
    SEED,
    make_plan,
    make_schema,
    make_upload,
)
from tests.support.aggregator.use_cases import TOKEN, UseCases

from pfi_aggregator.application.create_initial_adapter import InitialAdapter
from pfi_aggregator.application.get_spool import GetSpool
from pfi_aggregator.application.seal_round import SealedRound
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import SketchPlan
from pfi_aggregator.domain.server_optimizer import Adam
from pfi_common.errors import (
    ArtifactCorruptError,
    InvalidRequestError,
    LeaderSupersededError,
    QuorumNotReachedError,
    RoundStateInvalidError,
    RoundUnknownError,
    ServiceUnavailableError,
)
from pfi_common.tensors import initial_adapter, sketch

PLAN = make_plan()
UPLOADS = [make_upload(PLAN, f"c-{index:012}", seed=index) for index in range(3)]


@pytest.fixture
async def world():
    made = UseCases()
    await made.start(PLAN)
    return made


async def published(world, result):
    """Lineage and adapter of a FinalizeRound."""
    lineage = world.statements.read_lineage(result.lineage)
    return lineage, world.adapter(lineage.adapter.digest)


async def test_a_round_from_start_to_end(world):
    for upload in UPLOADS:
        await world.upload(upload)
    counted = (await world.seal.run(TOKEN, KEY)).counted
    result = await world.finalize.run(TOKEN, KEY)
    lineage, adapter = await published(world, result)
    assert lineage.counted == counted
    assert (lineage.adapter.version, lineage.attempt, lineage.seed) == (1, 1, 0)
    assert lineage.parent_digest == PLAN.base.digest
    mean = np.mean([np.frombuffer(u.payload, "<f4").astype(float) for u in UPLOADS], axis=0)
    base = initial_adapter(PLAN.schema, SEED)
    np.testing.assert_allclose(adapter, base + mean, rtol=0, atol=1e-7)
    pointer = json.loads(world.artifacts.pointers[f"lines/{KEY.run}/global/1.json"])
    assert pointer["digest"] == lineage.adapter.digest
    assert ("schemas", pointer["schema_digest"]) in world.artifacts.objects
    assert ("lineages", pointer["lineage_digest"]) in world.artifacts.objects
    assert pointer["optimizer_state_digest"] == ""
    assert world.meter.counts["merged"] == 1


async def test_every_command_can_be_repeated_at_every_later_time(world):
    await world.upload(UPLOADS[0])
    counted = (await world.seal.run(TOKEN, KEY)).counted
    assert (await world.seal.run(TOKEN, KEY)).counted == counted
    result = await world.finalize.run(TOKEN, KEY)
    world.clock.advance(1000)
    assert await world.finalize.run(TOKEN, KEY) == result
    assert (await world.seal.run(TOKEN, KEY)).counted == counted
    for _ in range(2):
        await world.settle.run(TOKEN, KEY)
        assert await world.finalize.run(TOKEN, KEY) == result
        assert (await world.seal.run(TOKEN, KEY)).counted == counted
        await world.open.run(TOKEN, PLAN)
    assert world.meter.counts["merged"] == 1


async def test_a_probe_round_gives_sketches_until_it_is_settled():
    world = UseCases()
    plan = make_plan(sketch=SketchPlan(seed=7, dimensions=64))
    await world.start(plan)
    uploads = [make_upload(plan, f"c-{number:012}", seed=number) for number in (3, 1, 2)]
    for upload in uploads:
        await world.upload(upload)
    sealed = await world.seal.run(TOKEN, KEY)
    vectors = {upload.ticket.client: np.frombuffer(upload.payload, "<f4") for upload in uploads}
    assert {each.client: list(each.values) for each in sealed.sketches} == {
        client: sketch(vector, plan.schema, 7, 64).tolist() for client, vector in vectors.items()
    }
    assert [each.client for each in sealed.sketches] == sorted(vectors)
    assert await world.seal.run(TOKEN, KEY) == sealed
    await world.finalize.run(TOKEN, KEY)
    await world.settle.run(TOKEN, KEY)
    assert await world.seal.run(TOKEN, KEY) == SealedRound(sealed.counted)


async def test_other_rounds_give_no_sketches(world):
    await world.upload(UPLOADS[0])
    assert (await world.seal.run(TOKEN, KEY)).sketches == ()


async def test_two_finalize_calls_at_once_merge_once(world):
    await world.upload(UPLOADS[0])
    await world.seal.run(TOKEN, KEY)
    results = await asyncio.gather(*[world.finalize.run(TOKEN, KEY) for _ in range(3)])
    assert len({result.lineage for result in results}) == 1
    assert world.meter.counts["merged"] == 1


async def test_adam_keeps_its_state_between_rounds(world):
    adam, world = Adam(0.01, 0.9, 0.99, 1e-3), UseCases()
    plan = make_plan(optimizer=adam)
    await world.start(plan)
    await world.upload(make_upload(plan))
    await world.seal.run(TOKEN, KEY)
    lineage, adapter = await published(world, await world.finalize.run(TOKEN, KEY))
    assert ("optimizer-states", lineage.optimizer_state_digest) in world.artifacts.objects
    second = make_plan(
        RoundKey(KEY.run, 2, 1, "global"),
        optimizer=adam,
        base=adapter,
        state_digest=lineage.optimizer_state_digest,
    )
    await world.open.run(TOKEN, second)
    await world.upload(make_upload(second))
    await world.seal.run(TOKEN, second.key)
    after, _ = await published(world, await world.finalize.run(TOKEN, second.key))
    assert after.parent_digest == lineage.adapter.digest
    assert after.optimizer_state_digest not in {"", lineage.optimizer_state_digest}


async def test_too_few_updates_publish_nothing():
    plan, world = make_plan(minimum_updates=2), UseCases()
    await world.start(plan)
    await world.upload(make_upload(plan))
    await world.seal.run(TOKEN, KEY)
    with pytest.raises(QuorumNotReachedError):
        await world.finalize.run(TOKEN, KEY)
    assert list(world.artifacts.pointers) == [f"lines/{KEY.run}/global/0.json"]
    await world.abort.run(TOKEN, KEY)


async def test_a_damaged_update_stops_the_merge():
    world = UseCases(fold_ahead_bytes=0)  # so that it is read at the end
    await world.start(PLAN)
    await world.upload(UPLOADS[0])
    await world.seal.run(TOKEN, KEY)
    known = world.rounds._rounds[KEY].updates
    record, payload = known[UPLOADS[0].ticket.task]
    known[UPLOADS[0].ticket.task] = (record, bytes([payload[0] ^ 1]) + payload[1:])
    with pytest.raises(ArtifactCorruptError):
        await world.finalize.run(TOKEN, KEY)
    await world.abort.run(TOKEN, KEY)


async def test_a_damaged_base_stops_the_merge(world):
    await world.upload(UPLOADS[0])
    await world.seal.run(TOKEN, KEY)
    world.artifacts.objects["adapters", PLAN.base.digest] = b"short"
    with pytest.raises(ArtifactCorruptError):
        await world.finalize.run(TOKEN, KEY)


async def test_a_version_is_published_by_one_attempt(world):
    await world.upload(UPLOADS[0])
    await world.seal.run(TOKEN, KEY)
    await world.finalize.run(TOKEN, KEY)
    second = make_plan(RoundKey(KEY.run, 1, 2, "global"))
    await world.open.run(TOKEN, second)
    await world.upload(make_upload(second, seed=50))
    await world.seal.run(TOKEN, second.key)
    with pytest.raises(RoundStateInvalidError):
        await world.finalize.run(TOKEN, second.key)
    await world.abort.run(TOKEN, second.key)


async def test_commands_in_the_wrong_state(world):
    for command in (world.finalize.run(TOKEN, KEY), world.settle.run(TOKEN, KEY)):
        with pytest.raises(RoundStateInvalidError):
            await command
    unknown = RoundKey("r-unknown", 1, 1, "global")
    for command in (world.seal, world.finalize, world.settle):
        with pytest.raises(RoundUnknownError):
            await command.run(TOKEN, unknown)


class TestLeadership:
    async def test_an_older_leader_is_refused_by_every_command(self, world):
        await world.leadership.require(TOKEN + 1)
        assert world.leadership.highest() == TOKEN + 1
        assert GetSpool(world.leadership, "s").run().leader_token == TOKEN + 1
        commands = [
            world.create.run(TOKEN, InitialAdapter(KEY.run, "global", PLAN.schema, SEED)),
            world.open.run(TOKEN, PLAN),
            world.seal.run(TOKEN, KEY),
            world.finalize.run(TOKEN, KEY),
            world.settle.run(TOKEN, KEY),
            world.abort.run(TOKEN, KEY),
        ]
        for command in commands:
            with pytest.raises(LeaderSupersededError):
                await command

    async def test_there_is_no_token_zero(self, world):
        with pytest.raises(InvalidRequestError):
            await world.leadership.require(0)


class TestInitialAdapter:
    WANTED = InitialAdapter(KEY.run, "global", PLAN.schema, SEED)

    async def test_it_is_the_platforms(self, world):
        lineage = world.statements.read_lineage(await world.create.run(TOKEN, self.WANTED))
        assert lineage.adapter == PLAN.base
        assert (lineage.seed, lineage.attempt, lineage.parent_digest) == (SEED, 0, "")
        expected = initial_adapter(PLAN.schema, SEED)
        assert world.adapter(lineage.adapter.digest).tobytes() == expected.tobytes()

    async def test_it_is_made_once(self, world):
        first = await world.create.run(TOKEN, self.WANTED)
        world.clock.advance(1000)
        assert await world.create.run(TOKEN, self.WANTED) == first

    @pytest.mark.parametrize(
        "other",
        [
            InitialAdapter(KEY.run, "global", PLAN.schema, SEED + 1),
            InitialAdapter(KEY.run, "global", make_schema(rank=3), SEED),
        ],
    )
    async def test_a_line_has_one(self, world, other):
        with pytest.raises(RoundStateInvalidError):
            await world.create.run(TOKEN, other)

    def test_its_names_are_checked(self):
        with pytest.raises(InvalidRequestError):
            InitialAdapter("../r", "global", PLAN.schema, SEED)


class TestWatching:
    async def collect(self, world) -> list[str]:
        return [update.counted.task async for update in world.watch.run(KEY)]

    async def test_it_tells_of_what_is_there_and_of_what_comes(self, world):
        await world.upload(UPLOADS[0])
        stream = world.watch.run(KEY)
        assert (await anext(stream)).counted.task == UPLOADS[0].ticket.task
        coming = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        assert not coming.done()
        await world.upload(UPLOADS[1])
        assert (await coming).counted.task == UPLOADS[1].ticket.task
        await world.seal.run(TOKEN, KEY)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    async def test_it_ends_with_the_round(self, world):
        await world.upload(UPLOADS[0])
        await world.seal.run(TOKEN, KEY)
        assert await self.collect(world) == [UPLOADS[0].ticket.task]
        await world.finalize.run(TOKEN, KEY)
        await world.settle.run(TOKEN, KEY)
        assert await self.collect(world) == []

    async def test_it_ends_with_an_abort(self, world):
        watching = asyncio.create_task(self.collect(world))
        await asyncio.sleep(0)
        await world.abort.run(TOKEN, KEY)
        assert await watching == []

    async def test_it_ends_when_the_service_drains(self, world):
        watching = asyncio.create_task(self.collect(world))
        await asyncio.sleep(0)
        world.bells.close()
        with pytest.raises(ServiceUnavailableError):
            await watching

    async def test_an_unknown_round_cannot_be_watched(self, world):
        with pytest.raises(RoundUnknownError):
            await anext(world.watch.run(RoundKey("r-unknown", 1, 1, "global")))
