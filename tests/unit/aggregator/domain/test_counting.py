"""Weight and clip factor against exact fractions."""

from dataclasses import replace
from fractions import Fraction
from math import isqrt

import numpy as np
import pytest
from tests.support.aggregator.builders import make_plan, make_record, make_upload
from tests.support.aggregator.payloads import BytesPayload

from pfi_aggregator.domain.stored_update import verify_stored_update
from pfi_aggregator.domain.update import summarize
from pfi_common.errors import (
    ArtifactCorruptError,
    CoordinateLimitExceededError,
    PayloadCorruptError,
)

FULL = 1 << 24


def vector(*coordinates: float) -> np.ndarray:
    values = np.zeros(make_plan().schema.coordinate_count, dtype=np.float32)
    values[: len(coordinates)] = coordinates
    return values


def record(plan, **upload):
    return make_record(plan, make_upload(plan, **upload))


@pytest.mark.parametrize(
    ("examples", "units", "capped"), [(1, 256, False), (64, 16384, False), (65, 16384, True)]
)
def test_weight_is_the_example_count_capped(examples, units, capped):
    made = record(make_plan(max_weight=64), examples=examples)
    assert made.weight_units == units
    assert summarize(made).capped == capped


def test_a_short_update_is_not_clipped():
    made = record(make_plan(clip_norm=5.0), vector=vector(3, 4))
    assert (made.norm, made.maximum_coordinate, made.clip_factor) == (5.0, 4.0, FULL)
    assert not summarize(made).clipped


def test_a_long_update_is_clipped_by_the_exact_factor():
    made = record(make_plan(clip_norm=1.0), vector=vector(3, 4))
    assert made.clip_factor == isqrt(FULL * FULL * 1 // 25) == FULL // 5
    assert summarize(made).clipped


def test_the_limit_is_checked_after_the_clip():
    wild = vector(30, 40)
    with pytest.raises(CoordinateLimitExceededError):
        record(make_plan(coordinate_limit=10.0), vector=wild)
    made = record(make_plan(coordinate_limit=10.0, clip_norm=10.0), vector=wild)
    assert Fraction(40) * made.clip_factor / FULL <= 10


def test_the_limit_itself_passes():
    record(make_plan(coordinate_limit=10.0), vector=vector(10))
    with pytest.raises(CoordinateLimitExceededError):
        record(make_plan(coordinate_limit=10.0), vector=vector(np.nextafter(np.float32(10), 11)))


def test_other_bytes_than_announced_are_corrupt():
    plan = make_plan()
    upload = make_upload(plan)
    upload.header.payload_sha256 = "ab" * 32
    with pytest.raises(PayloadCorruptError):
        make_record(plan, upload)


PLAN = make_plan(clip_norm=0.05, max_weight=2)
UPLOAD = make_upload(PLAN)
RECORD = make_record(PLAN, UPLOAD)
COUNTED = summarize(RECORD).counted


def verify(made=RECORD, counted=COUNTED, payload=UPLOAD.payload) -> None:
    verify_stored_update(PLAN, counted, made, BytesPayload(payload))


def test_an_intact_update_is_verified():
    verify()


def test_every_flipped_bit_of_a_payload_is_found():
    for position in range(0, 8 * len(UPLOAD.payload), 97):
        damaged = bytearray(UPLOAD.payload)
        damaged[position // 8] ^= 1 << position % 8
        with pytest.raises(ArtifactCorruptError) as caught:
            verify(payload=bytes(damaged))
        assert caught.value.details == {"task": COUNTED.task}


@pytest.mark.parametrize(
    "change",
    [
        {"weight_units": RECORD.weight_units + 1},
        {"clip_factor": RECORD.clip_factor ^ 1},
        {"norm": RECORD.norm * 2},
        {"maximum_coordinate": 1e9},
        {"header": replace(RECORD.header, example_count=1)},
        {"header": replace(RECORD.header, base_digest="ab" * 32)},
        {"ticket": replace(RECORD.ticket, client="c-000000000009")},
    ],
)
def test_every_changed_field_that_counts_is_found(change):
    with pytest.raises(ArtifactCorruptError):
        verify(replace(RECORD, **change))


def test_another_seal_is_found():
    with pytest.raises(ArtifactCorruptError):
        verify(counted=replace(COUNTED, weight_units=1))
