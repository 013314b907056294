"""A round with a robust rule: sealed, reduced in pieces, finalized, settled."""

import json
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from tests.support.aggregator.builders import KEY, SEED, make_plan, make_record, make_upload
from tests.support.aggregator.use_cases import TOKEN, UseCases

from pfi_aggregator.application.update_reader import RoundReader
from pfi_aggregator.domain.aggregation_rule import (
    AggregationRule,
    KrumRule,
    MedianRule,
    TrimmedMeanRule,
)
from pfi_aggregator.domain.lineage import AggregationReport
from pfi_aggregator.domain.update import summarize
from pfi_common.errors import (
    ArtifactCorruptError,
    PopulationTooSmallError,
    ReductionFailedError,
    ReductionIncompleteError,
    RoundUnknownError,
)
from pfi_common.tensors import BF16, INT8_BLOCK, decode, initial_adapter

MEDIAN = AggregationRule(MedianRule())
KRUM = AggregationRule(KrumRule(attackers=1, selected=2))
FOLDER = f"reductions/{KEY.run}/global/1.1"


def plan_with(rule: AggregationRule, **changes):
    return replace(make_plan(**changes), rule=rule)


async def sealed(rule: AggregationRule, clients: int = 5, **changes) -> UseCases:
    """A sealed round; the last client's update is far from the others'."""
    world, plan = UseCases(), plan_with(rule, **changes)
    await world.start(plan)
    encodings = [1, BF16, INT8_BLOCK]
    world.sent = [
        make_upload(plan, f"c-{index:012}", seed=index, encoding=encodings[index % 3])
        for index in range(clients - 1)
    ]
    far = np.full(plan.schema.coordinate_count, 5.0, dtype=np.float32)
    world.sent.append(make_upload(plan, f"c-{clients - 1:012}", vector=far, examples=900))
    for upload in world.sent:
        await world.upload(upload)
    world.pieces = (await world.seal.run(TOKEN, KEY)).reduction_pieces
    return world


def vectors(world) -> np.ndarray:
    count = make_plan().schema.coordinate_count
    return np.array([decode(u.header.encoding, u.payload, count) for u in world.sent])


async def finalized(world):
    for piece in range(world.pieces):
        await world.reduce.run(KEY, piece)
    result = await world.finalize.run(TOKEN, KEY)
    lineage = world.statements.read_lineage(result.lineage)
    return lineage, world.adapter(lineage.adapter.digest)


async def test_the_median_of_a_round_is_published():
    world = await sealed(MEDIAN)
    assert world.pieces == 1
    lineage, adapter = await finalized(world)
    base = initial_adapter(make_plan().schema, SEED)
    expected = base + np.median(vectors(world).astype(float), axis=0).astype(np.float32)
    np.testing.assert_allclose(adapter, expected, rtol=0, atol=1e-7)
    assert lineage.report == AggregationReport("median", "factors")
    assert len(lineage.counted) == 5


async def test_multi_krum_leaves_the_far_update_out_and_says_so():
    world = await sealed(KRUM)
    lineage, adapter = await finalized(world)
    tasks = [update.task for update in lineage.counted]
    assert lineage.report.rule == "multi_krum"
    assert world.sent[-1].ticket.task in lineage.report.left_out
    chosen = [row for row, task in enumerate(tasks) if task not in lineage.report.left_out]
    assert len(chosen) == 2
    base = initial_adapter(make_plan().schema, SEED)
    expected = base + vectors(world)[chosen].astype(float).mean(axis=0)
    np.testing.assert_allclose(adapter, expected, rtol=0, atol=1e-7)
    assert world.meter.counts["left_out"] == 3


async def test_the_clip_is_applied_before_the_rule():
    world = await sealed(AggregationRule(TrimmedMeanRule(0.2)), clip_norm=0.01)
    _, adapter = await finalized(world)
    moved = np.linalg.norm(adapter - initial_adapter(make_plan().schema, SEED))
    assert 0 < moved <= 0.01


async def test_a_round_waits_for_its_pieces():
    world = await sealed(MEDIAN)
    with pytest.raises(ReductionIncompleteError):
        await world.finalize.run(TOKEN, KEY)
    lineage, _ = await finalized(world)
    assert lineage.adapter.version == 1


async def test_what_is_stored_of_another_counted_set_is_computed_anew():
    other = await sealed(MEDIAN, clients=4)
    await other.reduce.run(KEY, 0)
    world = await sealed(MEDIAN)
    world.artifacts.pointers[f"{FOLDER}/0"] = other.artifacts.pointers[f"{FOLDER}/0"]
    with pytest.raises(ReductionFailedError, match="of another reduction"):  # ends the attempt
        await world.finalize.run(TOKEN, KEY)
    lineage, _ = await finalized(world)
    assert len(lineage.counted) == 5


async def test_a_damaged_piece_is_never_published():
    world = await sealed(MEDIAN)
    await world.reduce.run(KEY, 0)
    stored = world.artifacts.pointers[f"{FOLDER}/0"]
    world.artifacts.pointers[f"{FOLDER}/0"] = stored[:-1] + bytes([stored[-1] ^ 1])
    with pytest.raises(ReductionFailedError):
        await world.finalize.run(TOKEN, KEY)
    await finalized(world)
    assert world.artifacts.pointers[f"{FOLDER}/0"] == stored


async def test_a_piece_is_computed_once():
    world = await sealed(MEDIAN)
    await world.reduce.run(KEY, 0)
    stored = dict(world.artifacts.pointers)
    await world.reduce.run(KEY, 0)
    assert world.artifacts.pointers == stored


async def test_too_few_updates_are_refused_with_the_reason():
    world = await sealed(MEDIAN, clients=2)
    assert world.pieces == 0
    with pytest.raises(PopulationTooSmallError, match="2 updates are counted; median needs 3"):
        await world.finalize.run(TOKEN, KEY)
    with pytest.raises(PopulationTooSmallError):
        await world.reduce.run(KEY, 0)


async def test_a_piece_that_there_is_not_is_refused():
    world = await sealed(MEDIAN)
    with pytest.raises(ReductionFailedError, match="no piece 1"):
        await world.reduce.run(KEY, 1)


async def test_a_damaged_update_is_found_by_the_piece_that_verifies_it():
    world = await sealed(MEDIAN)
    task = world.sent[2].ticket.task
    updates = world.rounds._rounds[KEY].updates
    record, payload = updates[task]
    updates[task] = (record, bytes([payload[0] ^ 1]) + payload[1:])
    with pytest.raises(ArtifactCorruptError) as damaged:
        await world.reduce.run(KEY, 0)
    await world.reduce.refuse(KEY, 0, damaged.value)
    assert json.loads(world.artifacts.pointers[f"{FOLDER}/0.error"])["reason"] == (
        "ARTIFACT_CORRUPT"
    )
    with pytest.raises(ReductionFailedError, match="damaged"):
        await world.finalize.run(TOKEN, KEY)


async def test_settling_deletes_the_pieces():
    world = await sealed(MEDIAN)
    await finalized(world)
    assert f"{FOLDER}/0" in world.artifacts.pointers
    await world.settle.run(TOKEN, KEY)
    assert not any(path.startswith("reductions/") for path in world.artifacts.pointers)
    with pytest.raises(RoundUnknownError):
        await world.reduce.run(KEY, 0)


async def test_a_refusal_after_the_settle_leaves_nothing_behind():
    world = await sealed(MEDIAN)
    await finalized(world)
    await world.settle.run(TOKEN, KEY)
    await world.reduce.refuse(KEY, 0, ReductionFailedError())
    assert not any(path.startswith("reductions/") for path in world.artifacts.pointers)


async def test_the_mean_has_no_pieces_and_a_report():
    world = await sealed(AggregationRule())
    assert world.pieces == 0
    lineage, _ = await finalized(world)
    assert lineage.report == AggregationReport("mean", "factors")


def test_a_reader_of_a_large_round_leaves_a_process_the_descriptors_that_it_needs():
    usual_limit, files_of_an_update, counts = 1024, 2, []
    update = summarize(make_record(make_plan(), make_upload(make_plan()))).counted

    class Opened:
        @contextmanager
        def read(self, key, task):
            counts.append(files_of_an_update)
            yield None
            counts.append(-files_of_an_update)

    reader, most = RoundReader(Opened(), make_plan(), b""), 0
    for number in range(1000):
        with reader.stored(replace(update, task=f"{update.task}-{number}")):
            most = max(most, sum(counts))
    assert most < usual_limit * 3 / 4
    reader.close()
    assert not sum(counts)
