"""Messages into values and back."""

import pytest
from tests.support.aggregator.builders import make_plan, make_record, make_upload, with_ticket

from pfi.aggregator.v1 import round_service_pb2
from pfi_aggregator.domain.aggregation_rule import FactorsProduct, StackProduct, SvdProduct
from pfi_aggregator.domain.round_plan import SketchPlan
from pfi_aggregator.domain.server_optimizer import Adagrad, Adam, Sgd, Yogi
from pfi_aggregator.wire.names import read_key, write_key
from pfi_aggregator.wire.parsing import parse
from pfi_aggregator.wire.plans import read_plan, write_plan
from pfi_aggregator.wire.updates import read_header, read_record, write_header, write_record
from pfi_common.errors import InvalidRequestError, SpecInvalidError
from pfi_common.tensors import at_rank

PLAN = make_plan()
UPLOAD = make_upload(PLAN)


@pytest.mark.parametrize(
    "optimizer",
    [
        Sgd(0.5, 0.9),
        Adam(0.1, 0.9, 0.99, 1e-3),
        Yogi(0.1, 0.8, 0.99, 1e-3),
        Adagrad(0.1, 0.9, 1e-3),
    ],
)
def test_plans(optimizer):
    plan = make_plan(optimizer=optimizer, clip_norm=2.5, state_digest="ab" * 32)
    assert read_plan(write_plan(plan)) == plan


def test_a_sketch_plan_and_its_sketches():
    plan = make_plan(sketch=SketchPlan(seed=2**64 - 1, dimensions=64))
    assert read_plan(write_plan(plan)) == plan
    record = make_record(plan, UPLOAD)
    assert len(record.sketch) == 64
    assert read_record(write_record(record)) == record
    assert not write_plan(PLAN).HasField("sketch")


@pytest.mark.parametrize("product", [FactorsProduct(), SvdProduct(), StackProduct()])
def test_products_and_ranks_of_clients(product):
    ranks = tuple(at_rank(PLAN.schema, rank) for rank in (1, 2))
    plan = make_plan(product=product, client_schemas=ranks)
    assert read_plan(write_plan(plan)) == plan


def test_a_plan_needs_an_optimizer_and_a_schema():
    message = write_plan(PLAN)
    message.ClearField("server_optimizer")
    with pytest.raises(InvalidRequestError):
        read_plan(message)
    message = write_plan(PLAN)
    message.ClearField("schema")
    with pytest.raises(SpecInvalidError):
        read_plan(message)


def test_keys():
    assert read_key(write_key(PLAN.key)) == PLAN.key
    with pytest.raises(InvalidRequestError):
        read_key(round_service_pb2.RoundKey(run="r", round=0, attempt=1, line="global"))


def test_headers():
    message = with_ticket(UPLOAD)
    assert write_header(read_header(message)) == message


def test_what_is_not_in_the_protocol_is_not_stored():
    message = with_ticket(UPLOAD)
    unknown = b"\xfa\x3e\x83\x40" + b"x" * 8195  # field 1007, 8195 bytes
    message.ticket.MergeFromString(unknown)
    assert len(read_header(message).ticket) == len(with_ticket(UPLOAD).ticket.SerializeToString())


def test_records():
    record = make_record(PLAN, UPLOAD)
    assert read_record(write_record(record)) == record


def test_a_record_with_two_different_tickets_is_refused():
    data = write_record(make_record(PLAN, UPLOAD))
    client = UPLOAD.ticket.client.encode()
    with pytest.raises(InvalidRequestError):
        read_record(data.replace(client, client[:-1] + b"9", 1))


def test_bytes_that_are_no_message():
    with pytest.raises(InvalidRequestError):
        parse(round_service_pb2.RoundPlan, b"\xff")
