"""Announcements that are refused before their first byte."""

import pytest
from tests.support.aggregator.builders import make_plan, make_schema, make_upload, with_ticket

from pfi.common.v1 import metrics_pb2
from pfi_aggregator.domain.admission import check_announcement
from pfi_aggregator.domain.chunk import MAXIMUM_CHUNK_BYTES, Chunk, check_chunk
from pfi_aggregator.wire.tickets import read_ticket
from pfi_aggregator.wire.updates import read_header
from pfi_common.errors import (
    BaseMismatchError,
    ChunkOutOfOrderError,
    EncodingMismatchError,
    InvalidRequestError,
    PayloadSizeInvalidError,
    SchemaMismatchError,
    WeightInvalidError,
)
from pfi_common.tensors import BF16, FP32, INT8_BLOCK

PLAN = make_plan()
LOSS = metrics_pb2.METRIC_NAME_TRAIN_LOSS


def check(upload) -> None:
    check_announcement(read_header(with_ticket(upload)), read_ticket(upload.ticket), PLAN)


@pytest.mark.parametrize("encoding", [FP32, BF16, INT8_BLOCK])
def test_a_right_announcement_passes(encoding):
    check(make_upload(PLAN, encoding=encoding))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda u: setattr(u.ticket, "schema_digest", "ab" * 32), SchemaMismatchError),
        (lambda u: setattr(u.ticket, "base_digest", "ab" * 32), BaseMismatchError),
        (lambda u: setattr(u.header, "base_digest", "ab" * 32), BaseMismatchError),
        (lambda u: setattr(u.header, "encoding", BF16), EncodingMismatchError),
        (lambda u: setattr(u.header, "payload_bytes", 383), PayloadSizeInvalidError),
        (lambda u: setattr(u.header, "payload_bytes", 385), PayloadSizeInvalidError),
        (lambda u: setattr(u.ticket, "maximum_bytes", 383), PayloadSizeInvalidError),
        (lambda u: setattr(u.header, "offset_bytes", 385), InvalidRequestError),
        (lambda u: setattr(u.header, "payload_sha256", "AB" * 32), InvalidRequestError),
        (lambda u: setattr(u.header, "example_count", 0), WeightInvalidError),
        (lambda u: setattr(u.header, "example_count", 1001), WeightInvalidError),
        (lambda u: u.header.metrics.add(name=LOSS, value=1), InvalidRequestError),
        (lambda u: u.header.metrics.add(name=2, value=float("nan")), InvalidRequestError),
        (lambda u: u.header.metrics.add(name=0, value=1), InvalidRequestError),
        (lambda u: u.header.metrics.add(name=999, value=1), InvalidRequestError),
    ],
)
def test_a_wrong_one_does_not(change, error):
    upload = make_upload(PLAN)
    change(upload)
    with pytest.raises(error):
        check(upload)


def test_an_unknown_encoding_is_refused():
    upload = make_upload(PLAN)
    upload.header.encoding = upload.ticket.encoding = 99
    with pytest.raises(EncodingMismatchError):
        check(upload)


def test_another_schema_is_refused():
    upload = make_upload(make_plan(schema=make_schema(rank=3)))
    with pytest.raises(SchemaMismatchError):
        check(upload)


@pytest.mark.parametrize(
    ("chunk", "error"),
    [
        (Chunk(100, b""), InvalidRequestError),
        (Chunk(100, bytes(MAXIMUM_CHUNK_BYTES + 1)), InvalidRequestError),
        (Chunk(99, b"x"), ChunkOutOfOrderError),
        (Chunk(101, b"x"), ChunkOutOfOrderError),
        (Chunk(100, bytes(101)), PayloadSizeInvalidError),
    ],
)
def test_chunks_follow_each_other_and_end_with_the_payload(chunk, error):
    check_chunk(Chunk(100, bytes(100)), 100, 200)
    with pytest.raises(error):
        check_chunk(chunk, 100, 200)
