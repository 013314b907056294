"""The merge against exact fractions, in any order, with any encoding."""

from dataclasses import replace
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from tests.support.aggregator.builders import make_plan, make_record, make_schema, make_upload
from tests.support.aggregator.payloads import BytesPayload

from pfi_aggregator.domain.merge import Merge
from pfi_aggregator.domain.update import summarize
from pfi_common.tensors import (
    BF16,
    FP32,
    INT4_BLOCK,
    INT8_BLOCK,
    RankChange,
    at_rank,
    decode,
)

SCHEMA = make_schema()
LARGE = make_schema(inputs=40_000, outputs=30_000, rank=1)


def merged(plan, uploads) -> np.ndarray:
    merge = Merge(plan)
    for upload in uploads:
        record = make_record(plan, upload)
        payload = BytesPayload(upload.payload)
        merge.fold(summarize(record).counted, record, payload)
    return merge.mean()


def exact_mean(plan, uploads) -> list[Fraction]:
    """Weighted mean of the clipped updates, each rounded once to a multiple of 2^-k."""
    step = Fraction(1, 2**plan.fixed_point.fraction_bits)
    total, sums = 0, [Fraction(0)] * plan.schema.coordinate_count
    for upload in uploads:
        record = make_record(plan, upload)
        vector = decode(upload.header.encoding, upload.payload, len(sums))
        factor = Fraction(record.clip_factor, 2**24)
        rounded = [round(Fraction(float(x)) * factor / step) * step for x in vector]
        sums = [a + record.weight_units * b for a, b in zip(sums, rounded, strict=True)]
        total += record.weight_units
    return [value / total for value in sums]


def uploads_for(plan, encoding=FP32, count=4):
    return [
        make_upload(plan, f"c-{index:012}", seed=index, examples=index + 1, encoding=encoding)
        for index in range(count)
    ]


@pytest.mark.parametrize("encoding", [FP32, BF16, INT8_BLOCK, INT4_BLOCK])
@pytest.mark.parametrize("clip_norm", [0.0, 0.05])
def test_the_mean_is_the_exact_one_rounded_once(encoding, clip_norm):
    plan = make_plan(clip_norm=clip_norm)
    uploads = uploads_for(plan, encoding)
    expected = exact_mean(plan, uploads)
    result = merged(plan, uploads)
    for value, exact in zip(result, expected, strict=True):
        below, above = np.nextafter(value, -np.inf), np.nextafter(value, np.inf)
        distance = abs(Fraction(float(value)) - exact)
        assert distance <= abs(Fraction(float(below)) - exact)
        assert distance <= abs(Fraction(float(above)) - exact)


def test_every_order_gives_the_same_bits():
    plan = make_plan(clip_norm=0.05)
    results = {merged(plan, order).tobytes() for order in permutations(uploads_for(plan))}
    assert len(results) == 1


@pytest.mark.parametrize("encoding", [INT8_BLOCK, INT4_BLOCK])
def test_ranges_do_not_show(encoding):
    plan = make_plan(schema=LARGE)
    assert LARGE.coordinate_count > 65_536
    uploads = uploads_for(plan, encoding, count=2)
    whole = sum(
        (index + 1) * decode(encoding, upload.payload, LARGE.coordinate_count).astype(np.float64)
        for index, upload in enumerate(uploads)
    )
    np.testing.assert_allclose(merged(plan, uploads), whole / 3, rtol=0, atol=1e-7)


def test_updates_of_several_ranks_are_added_exactly_in_any_order():
    """What a smaller rank lacks gets nothing; its factor B counts with rank / its rank."""
    shared = replace(make_schema(rank=4), alpha=4)
    small, tiny = at_rank(shared, 2), at_rank(shared, 1)
    plan = make_plan(schema=shared, client_schemas=(small, tiny), clip_norm=0.05)
    uploads = [
        make_upload(plan, f"c-{number:012}", schema=of, seed=number, examples=number + 1)
        for number, of in enumerate([shared, small, tiny, small])
    ]
    wide = []
    for upload in uploads:
        of = plan.schema_of(upload.ticket.schema_digest)
        vector = decode(upload.header.encoding, upload.payload, of.coordinate_count)
        padded = np.zeros(shared.coordinate_count, dtype=np.float32)
        change = RankChange(shared, of)
        change.widen(change.rescale(vector, 0), padded)
        wide.append(make_upload(plan, upload.ticket.client, vector=padded, examples=len(wide) + 1))
    expected = merged(plan, wide)
    assert {merged(plan, order).tobytes() for order in permutations(uploads)} == {
        expected.tobytes()
    }
    factors = [make_record(plan, upload).clip_factor for upload in uploads]
    assert factors == [make_record(plan, upload).clip_factor for upload in wide]
    assert max(factors) < 1 << 24
