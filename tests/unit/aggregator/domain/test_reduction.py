"""The framework of reductions: cuts, bytes, bounds, and what a plan asks for."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.aggregator.builders import make_plan
from tests.support.aggregator.reductions import counted_updates, reduce_matrix, rule_plan

from pfi_aggregator.domain.aggregation_rule import (
    AggregationRule,
    KrumRule,
    MeanRule,
    MedianRule,
    SvdProduct,
    TrimmedMeanRule,
)
from pfi_aggregator.domain.reduction import (
    piece_count,
    read_piece,
    reduction_digest,
    reduction_of,
    require_population,
    write_piece,
)
from pfi_aggregator.domain.reduction.ranges import Ranges
from pfi_aggregator.wire.plans import read_plan, write_plan
from pfi_common.errors import ArtifactCorruptError, InvalidRequestError, PopulationTooSmallError

MEDIAN = AggregationRule(MedianRule())
KRUM = AggregationRule(KrumRule(2, 3), bucket_size=2, bucket_seed=9)
RULES = [
    MEDIAN,
    AggregationRule(TrimmedMeanRule(0.1)),
    KRUM,
    AggregationRule(KrumRule(1, 1)),
    AggregationRule(),
]


@pytest.mark.parametrize("rows", [3, 100, 20_000])
@pytest.mark.parametrize("coordinates", [5, 65_536, 16_000_001])
def test_ranges_cover_every_coordinate_once_within_fixed_room(rows, coordinates):
    ranges = Ranges(coordinates, rows)
    pieces = [ranges.piece(number) for number in range(ranges.piece_count)]
    assert [start for start, _ in pieces] == [0, *(stop for _, stop in pieces[:-1])]
    assert pieces[-1][1] == coordinates
    assert all(start % 65_536 == 0 for start, _ in pieces)
    tiles = list(ranges.tiles(0))
    assert [start for start, _ in tiles] == [0, *(stop for _, stop in tiles[:-1])]
    assert tiles[-1][1] == pieces[0][1]
    assert all(4 * rows * (stop - start) <= 32 << 20 for start, stop in tiles)


def test_ranges_are_no_more_than_asked_for():
    assert Ranges(16_000_000, 2_000, 64).piece_count <= 64


@pytest.mark.parametrize("rule", RULES)
def test_a_plan_keeps_its_rule_on_the_wire(rule):
    plan = rule_plan(rule, 300, 30)
    assert read_plan(write_plan(plan)) == plan


def test_a_plan_of_the_mean_has_the_bytes_of_before():
    message = write_plan(make_plan())
    assert not message.HasField("rule")
    assert not message.HasField("product")


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: TrimmedMeanRule(0.5), "rule.trimmed_share"),
        (lambda: TrimmedMeanRule(0.0), "rule.trimmed_share"),
        (lambda: TrimmedMeanRule(float("nan")), "rule.trimmed_share"),
        (lambda: KrumRule(1, 0), "rule.selected"),
        (lambda: AggregationRule(MeanRule(), bucket_size=2), "rule.bucket_size"),
        (lambda: AggregationRule(MedianRule(), bucket_size=17), "rule.bucket_size"),
        (lambda: replace(make_plan(), rule=MEDIAN, product=SvdProduct()), "product"),
    ],
)
def test_what_a_rule_cannot_be_is_refused(make, field):
    with pytest.raises(InvalidRequestError) as refused:
        make()
    assert refused.value.details["field"] == field


@pytest.mark.parametrize(
    ("rule", "fewest"),
    [
        (AggregationRule(), 1),
        (MEDIAN, 3),
        (AggregationRule(TrimmedMeanRule(0.1)), 10),
        (AggregationRule(TrimmedMeanRule(0.3)), 4),
        (AggregationRule(KrumRule(2, 1)), 7),
        (AggregationRule(KrumRule(2, 5)), 9),
        (AggregationRule(KrumRule(2, 1), bucket_size=3), 19),
    ],
)
def test_a_rule_is_refused_below_its_population_and_never_relaxed(rule, fewest):
    plan = rule_plan(rule, 300, 30)
    require_population(plan, counted_updates(fewest))
    assert (piece_count(plan, counted_updates(fewest)) > 0) == (rule != AggregationRule())
    if fewest > 1:
        with pytest.raises(PopulationTooSmallError, match=f"{fewest - 1} updates"):
            require_population(plan, counted_updates(fewest - 1))
        assert piece_count(plan, counted_updates(fewest - 1)) == 0


def test_the_mean_of_factors_is_not_reduced():
    assert reduction_of(rule_plan(AggregationRule(), 300, 9), counted_updates(9)) is None


def test_a_piece_belongs_to_one_round_rule_and_counted_set():
    counted = counted_updates(9)
    plan = rule_plan(MEDIAN, 300, 9)
    digest = reduction_digest(plan, counted)
    data = write_piece(digest, 1, b"body")
    assert bytes(read_piece(digest, 1, data)) == b"body"
    assert read_piece(digest, 2, data) is None
    assert read_piece(digest, 1, data[:20]) is None
    others = [
        reduction_digest(plan, counted[:-1]),
        reduction_digest(plan, (*counted[:-1], replace(counted[-1], payload_sha256="ff" * 32))),
        reduction_digest(plan, (*counted[:-1], replace(counted[-1], clip_factor=1))),
        reduction_digest(replace(plan, rule=RULES[1]), counted),
        reduction_digest(replace(plan, key=replace(plan.key, attempt=2)), counted),
        reduction_digest(coarser(plan), counted),
    ]
    assert len({digest, *others}) == 7


def coarser(plan):
    """Heads of products are averaged in the round's arithmetic."""
    bits = plan.fixed_point.fraction_bits - 1
    return replace(plan, fixed_point=replace(plan.fixed_point, fraction_bits=bits))


@pytest.mark.parametrize("place", [0, 20, 40, 50, -1])
def test_a_damaged_piece_is_recognised(place):
    digest = reduction_digest(rule_plan(MEDIAN, 300, 9), counted_updates(9))
    data = bytearray(write_piece(digest, 0, b"body"))
    data[place] ^= 1
    assert read_piece(digest, 0, bytes(data)) is None
    assert read_piece(digest, 0, bytes(data)[:-1]) is None


@pytest.mark.parametrize("rule", [MEDIAN, KRUM], ids=["median", "krum"])
def test_a_result_of_another_size_is_recognised(rule):
    completion = reduction_of(rule_plan(rule, 300, 30), counted_updates(20)).completion()
    with pytest.raises(ArtifactCorruptError):
        completion.add(0, memoryview(b"1234"))


def test_a_piece_has_the_same_bytes_again():
    matrix = np.random.default_rng(0).standard_normal((20, 500)).astype(np.float32)
    assert reduce_matrix(KRUM, matrix).weights == reduce_matrix(KRUM, matrix).weights
