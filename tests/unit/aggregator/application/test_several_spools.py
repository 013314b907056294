"""A round on three spools: partial sums, the merge of all, and what is left of them."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.aggregator.artifacts import InMemoryArtifacts
from tests.support.aggregator.builders import KEY, make_plan, make_upload
from tests.support.aggregator.use_cases import TOKEN, UseCases

from pfi.common.v1 import signed_pb2
from pfi_aggregator.domain.aggregation_rule import AggregationRule, MedianRule
from pfi_aggregator.domain.partial_sum import Sums, check_partial_sums
from pfi_common.errors import (
    ArtifactCorruptError,
    InvalidRequestError,
    PartialSumInvalidError,
    QuorumNotReachedError,
    RoundStateInvalidError,
    RoundUnknownError,
)

SPOOLS = ("spool-1", "spool-0", "spool-2")
HOME, *OTHERS = SPOOLS
PLAN = replace(make_plan(), spools=SPOOLS)
ALONE = make_plan()


def upload_for(number, spool):
    upload = make_upload(PLAN, f"c-{number:012}", seed=number, examples=number + 1)
    upload.ticket.spool = spool
    return upload


@pytest.fixture
async def worlds():
    """An aggregator for each spool, on the same artifacts."""
    artifacts = InMemoryArtifacts()
    made = {spool: UseCases(artifacts=artifacts, spool=spool) for spool in SPOOLS}
    for world in made.values():
        await world.start(PLAN)
    return made


async def dealt(worlds, spools=(HOME, "spool-0", "spool-2", "spool-0")):
    """Uploads one update to each of these spools, seals all, and folds the others."""
    for number, spool in enumerate(spools):
        await worlds[spool].upload(upload_for(number, spool))
    counted = {spool: (await worlds[spool].seal.run(TOKEN, KEY)).counted for spool in SPOOLS}
    return counted, [await worlds[spool].fold.run(TOKEN, KEY) for spool in OTHERS]


async def finalized(world, partials=()):
    result = await world.finalize.run(TOKEN, KEY, partials)
    return world.statements.read_lineage(result.lineage)


async def alone(numbers):
    """The same updates on one spool."""
    world = UseCases()
    await world.start(ALONE)
    for number in numbers:
        await world.upload(make_upload(ALONE, f"c-{number:012}", seed=number, examples=number + 1))
    await world.seal.run(TOKEN, KEY)
    return await finalized(world)


async def test_the_bits_are_those_of_one_spool(worlds):
    counted, partials = await dealt(worlds)
    lineage = await finalized(worlds[HOME], partials)
    expected = await alone(range(4))
    assert lineage.adapter.digest == expected.adapter.digest
    assert [item.task for item in lineage.counted] == [item.task for item in expected.counted]
    places = {spool: [i for i in lineage.counted if i.spool == spool] for spool in OTHERS}
    assert [len(items) for items in places.values()] == [2, 1]
    assert [item for item in lineage.counted if not item.spool] == list(counted[HOME])
    assert worlds["spool-0"].meter.counts["folded"] == 1


async def test_a_spool_without_updates_adds_nothing(worlds):
    _, partials = await dealt(worlds, (HOME, "spool-0"))
    empty = worlds[HOME].statements.read_partial_sum(partials[1])
    assert (empty.sums_digest, empty.counted, empty.total_weight_units) == ("", (), 0)
    lineage = await finalized(worlds[HOME], partials)
    assert lineage.adapter.digest == (await alone(range(2))).adapter.digest


async def test_folding_again_gives_the_same_statement(worlds):
    _, partials = await dealt(worlds)
    again = [await worlds[spool].fold.run(TOKEN, KEY) for spool in OTHERS]
    assert again == partials
    stored = worlds[HOME].artifacts
    assert stored.pointers[f"folds/{KEY.run}/global/1.1/spool-0"] == partials[0]
    del stored.pointers[f"folds/{KEY.run}/global/1.1/spool-0"]
    assert await worlds["spool-0"].fold.run(TOKEN, KEY) == partials[0]


async def test_finalizing_again_needs_no_partial_sums(worlds):
    _, partials = await dealt(worlds)
    lineage = await finalized(worlds[HOME], partials)
    assert await finalized(worlds[HOME]) == lineage


async def test_settling_leaves_nothing_but_the_answers(worlds):
    counted, partials = await dealt(worlds)
    with pytest.raises(RoundStateInvalidError):
        await worlds["spool-0"].settle.run(TOKEN, KEY)
    await finalized(worlds[HOME], partials)
    for world in worlds.values():
        for _ in range(2):
            await world.settle.run(TOKEN, KEY)
    artifacts = worlds[HOME].artifacts
    assert not [kind for kind, _ in artifacts.objects if kind == "partials"]
    assert not [path for path in artifacts.pointers if path.startswith("folds/")]
    for spool, world in worlds.items():
        assert (await world.seal.run(TOKEN, KEY)).counted == counted[spool]
        with pytest.raises(RoundStateInvalidError):
            await world.abort.run(TOKEN, KEY)


async def test_an_aborted_attempt_takes_its_partial_sums_along(worlds):
    await dealt(worlds)
    for world in worlds.values():
        await world.abort.run(TOKEN, KEY)
        await world.settle.run(TOKEN, KEY)
    assert not [kind for kind, _ in worlds[HOME].artifacts.objects if kind == "partials"]


async def test_an_attempt_that_settles_late_leaves_the_sums_of_the_next(worlds):
    spools = (HOME, "spool-0", "spool-2")
    await dealt(worlds, spools)
    again = replace(PLAN, key=replace(KEY, attempt=2))
    for number, spool in enumerate(spools):  # clients send their stored bytes again
        await worlds[spool].abort.run(TOKEN, KEY)
        await worlds[spool].open.run(TOKEN, again)
        upload = make_upload(again, f"c-{number:012}", seed=number, examples=number + 1)
        upload.ticket.spool = spool
        await worlds[spool].upload(upload)
        await worlds[spool].seal.run(TOKEN, again.key)
    partials = [await worlds[spool].fold.run(TOKEN, again.key) for spool in OTHERS]
    for world in worlds.values():
        await world.settle.run(TOKEN, KEY)
    result = await worlds[HOME].finalize.run(TOKEN, again.key, partials)
    lineage = worlds[HOME].statements.read_lineage(result.lineage)
    assert lineage.adapter.digest == (await alone(range(3))).adapter.digest


async def test_a_statement_of_a_key_that_has_expired_is_made_anew_and_does_not_hold_up_the_settle(
    worlds,
):
    _, partials = await dealt(worlds)
    pointers = worlds[HOME].artifacts.pointers
    path = f"folds/{KEY.run}/global/1.1/spool-0"
    expired = signed_pb2.SignedStatement.FromString(partials[0])
    expired.signature = b"expired"
    pointers[path] = expired.SerializeToString()
    assert await worlds["spool-0"].fold.run(TOKEN, KEY) == partials[0]
    pointers[path] = expired.SerializeToString()
    await worlds["spool-0"].abort.run(TOKEN, KEY)
    await worlds["spool-0"].settle.run(TOKEN, KEY)
    assert path not in pointers


async def test_who_folds_and_who_finalizes_is_said_by_the_plan(worlds):
    _, partials = await dealt(worlds)
    with pytest.raises(RoundStateInvalidError, match="does not add"):
        await worlds[HOME].fold.run(TOKEN, KEY)
    with pytest.raises(RoundStateInvalidError, match="finalizes the round"):
        await finalized(worlds["spool-0"], partials)
    with pytest.raises(RoundUnknownError):
        await worlds["spool-0"].fold.run(TOKEN, replace(KEY, attempt=2))


async def test_an_open_round_is_not_folded(worlds):
    with pytest.raises(RoundStateInvalidError):
        await worlds["spool-0"].fold.run(TOKEN, KEY)


async def test_the_quorum_counts_over_all_spools():
    artifacts, plan = InMemoryArtifacts(), replace(PLAN, minimum_updates=3)
    worlds = {spool: UseCases(artifacts=artifacts, spool=spool) for spool in SPOOLS}
    for world in worlds.values():
        await world.start(plan)
    _, partials = await dealt(worlds, (HOME, "spool-0"))
    with pytest.raises(QuorumNotReachedError, match="2 updates"):
        await finalized(worlds[HOME], partials)


@pytest.mark.parametrize("left", [[], [0], [0, 0], [0, 1, 1]])
async def test_partial_sums_of_every_other_spool_are_needed_once(worlds, left):
    _, partials = await dealt(worlds)
    with pytest.raises(PartialSumInvalidError, match="must be those of"):
        await finalized(worlds[HOME], [partials[index] for index in left])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"plan_sha256": "0" * 64}, "another round or plan"),
        ({"key": replace(KEY, attempt=2)}, "another round or plan"),
        ({"total_weight_units": 1}, "another weight"),
        ({"spool": "spool-9"}, "must be those of"),
    ],
)
async def test_a_partial_sum_of_something_else_is_refused(worlds, changes, message):
    _, partials = await dealt(worlds)
    statements = worlds[HOME].statements
    wrong = replace(statements.read_partial_sum(partials[0]), **changes)
    with pytest.raises(PartialSumInvalidError, match=message):
        await finalized(worlds[HOME], [statements.sign_partial_sum(wrong), partials[1]])


async def test_an_update_is_counted_once_over_all_spools(worlds):
    counted, partials = await dealt(worlds)
    read = [worlds[HOME].statements.read_partial_sum(item) for item in partials]
    sha256 = read[0].plan_sha256
    check_partial_sums(PLAN, sha256, counted[HOME], read)
    with pytest.raises(PartialSumInvalidError, match="counted twice"):
        check_partial_sums(PLAN, sha256, read[0].counted, read)
    few = replace(PLAN, fixed_point=replace(PLAN.fixed_point, maximum_updates=3), minimum_updates=1)
    with pytest.raises(PartialSumInvalidError, match="the plan permits 3"):
        check_partial_sums(few, sha256, counted[HOME], read)


async def test_spoilt_sums_are_found_before_anything_is_published(worlds):
    _, partials = await dealt(worlds)
    digest = worlds[HOME].statements.read_partial_sum(partials[0]).sums_digest
    objects = worlds[HOME].artifacts.objects
    good = objects["partials", digest]
    for bad in (good[:-8], bytes(len(good))):
        objects["partials", digest] = bad
        with pytest.raises(ArtifactCorruptError):
            await finalized(worlds[HOME], partials)
    objects["partials", digest] = good
    assert (await finalized(worlds[HOME], partials)).adapter.version == 1


def test_sums_of_a_block_are_added_where_they_belong():
    sums = Sums(np.arange(5, dtype=np.int64), 1)
    sums.add(2, np.array([10, -20], dtype="<i8").tobytes())
    assert sums.values.tolist() == [0, 1, 12, -17, 4]


@pytest.mark.parametrize(
    "changes",
    [
        {"spools": ("spool-0", "spool-0")},
        {"spools": ("spool-0", "../x")},
        {"spools": SPOOLS, "rule": AggregationRule(rule=MedianRule())},
    ],
)
def test_plans_with_wrong_spools_are_refused(changes):
    with pytest.raises(InvalidRequestError) as caught:
        replace(make_plan(), **changes)
    assert caught.value.details["field"] == "spools"
