"""TaskFactory and ReceiptReader, in memory and as signed messages."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.certificates import FederationFixture
from tests.support.clock import ManualClock
from tests.support.coordinator.messages import (
    MemoryReceiptReader,
    MemoryTaskFactory,
    memory_receipt,
)
from tests.support.coordinator.values import RUN, SCHEMA, client, client_id, document
from tests.unit.coordinator.domain.builders import adapter, line_adapter

from pfi.aggregator.v1 import ticket_pb2
from pfi.coordinator.v1.task_pb2 import HEAD_PLACEMENT_PERSONAL, Task
from pfi_common.errors import SignatureInvalidError
from pfi_common.spec import ENCODINGS
from pfi_common.tensors import Schema, at_rank, encoded_size_bytes
from pfi_coordinator.adapters.proto_tasks import ProtoTaskFactory
from pfi_coordinator.adapters.signed_receipts import SignedReceiptReader
from pfi_coordinator.application.ports.receipt_reader import Receipt
from pfi_coordinator.domain.forms import AdapterForm
from pfi_coordinator.domain.tasks import TaskName, task_seed

NAME = TaskName(RUN, "2.1", client_id(1))


@pytest.fixture
def federation(tmp_path):
    return FederationFixture(tmp_path, clock=ManualClock())


@pytest.fixture(params=["memory", "signed"])
def factory(request, federation):
    if request.param == "memory":
        return MemoryTaskFactory()
    return ProtoTaskFactory(federation.signer("coordinator"))


@pytest.fixture(params=["memory", "signed"])
def receipts(request, federation):
    """A reader, and what makes receipts that it may be given."""
    if request.param == "memory":
        return MemoryReceiptReader(), memory_receipt

    def signed(name: TaskName, spool: str = "spool-0", *, voided: bool = False) -> bytes:
        states = ("RECEIPT_STATE_COMMITTED", "RECEIPT_STATE_VOIDED")
        message = ticket_pb2.UpdateReceipt(
            task=name.text, client=name.client, round=2, attempt=1, state=states[voided]
        )
        return federation.signer(f"aggregator/{spool}").sign(message).SerializeToString()

    return SignedReceiptReader(federation.verifier()), signed


def train(factory, **changes):
    deadline = ManualClock().now() + timedelta(minutes=10)
    values = {"number": 2, "attempt": 1, "deadline": deadline} | changes
    return factory.train_task(document(), adapter(1), client(1), **values)


def test_tasks_are_named_and_the_same_when_made_again(factory):
    made = train(factory)
    assert made.name == NAME
    assert made == train(factory)
    evaluation = factory.evaluate_task(document(), adapter(2), client(1), ManualClock().now())
    assert evaluation.name == TaskName(RUN, "eval", client_id(1))
    moment = ManualClock().now()
    second = factory.evaluate_task(document(), adapter(2), client(1), moment, past=1)
    assert second.name == TaskName(RUN, "eval-2", client_id(1))


def test_tasks_belong_to_the_line_of_their_adapter(factory):
    deadline = ManualClock().now()
    base = line_adapter("cluster-2", 1)
    made = factory.train_task(document(), base, client(1), number=2, attempt=1, deadline=deadline)
    assert (made.name.scope, made.name.line, made.name.attempt) == (
        "cluster-2.2.1",
        "cluster-2",
        (2, 1),
    )
    evaluation = factory.evaluate_task(document(), base, client(1), deadline)
    assert (evaluation.name.scope, evaluation.name.attempt) == ("cluster-2.eval", None)
    candidates = (line_adapter("cluster-1", 2), base)
    placement = factory.place_task(document(), candidates, client(1), number=3, deadline=deadline)
    assert (placement.name.scope, placement.name.line) == ("place.3", "global")
    assert (placement.name.placement, placement.name.attempt) == (3, None)
    second = factory.evaluate_task(document(), base, client(1), deadline, past=1)
    assert (second.name.scope, second.name.attempt) == ("cluster-2.eval-2", None)
    for name in (made.name, evaluation.name, second.name, placement.name):
        assert TaskName.parse(name.text) == name


def test_a_placement_names_every_line(federation):
    factory = ProtoTaskFactory(federation.signer("coordinator"))
    candidates = (line_adapter("cluster-1", 2), line_adapter("cluster-2", 3))
    made = factory.place_task(
        document(), candidates, client(1), number=1, deadline=ManualClock().now()
    )
    task = Task.FromString(made.message)
    assert task.task == f"{RUN}.place.1.{client_id(1)}"
    assert [
        (item.adapter.line, item.adapter.version, item.adapter.digest)
        for item in task.place.candidates
    ] == [(item.line, item.version, item.digest) for item in candidates]
    assert task.base == task.place.candidates[0].adapter
    assert task.place.maximum_tokens == document().spec.local.maximum_tokens


def test_a_receipt_says_what_it_is_about(receipts):
    reader, make = receipts
    expected = Receipt(NAME.text, client_id(1), 2, 1, voided=False)
    assert reader.read(make(NAME), "spool-0") == expected
    assert reader.read(make(NAME, voided=True), "spool-0").voided


def test_receipts_of_others_are_refused(receipts):
    reader, make = receipts
    for statement in (make(NAME, "spool-1"), b"\xff\xff", b""):
        with pytest.raises(SignatureInvalidError):
            reader.read(statement, "spool-0")


def test_a_task_carries_a_ticket_bound_to_the_clients_key(federation):
    factory = ProtoTaskFactory(federation.signer("coordinator"))
    rows = client(1, training_rows=33, key_sha256="k" * 64)
    deadline = ManualClock().now() + timedelta(minutes=10)
    made = factory.train_task(document(), adapter(1), rows, number=2, attempt=3, deadline=deadline)
    task = Task.FromString(made.message)
    assert task.seed == task_seed(RUN, 2, client_id(1))
    assert (task.round, task.attempt, task.spool) == (2, 3, "spool-0")
    ticket = federation.verifier().verify(
        task.train.ticket, ticket_pb2.UploadTicket, signer="coordinator"
    )
    assert ticket.task == task.task == f"{RUN}.2.3.{client_id(1)}"
    assert ticket.key_sha256 == "k" * 64
    assert ticket.base_digest == adapter(1).digest == task.base.digest
    assert ticket.schema_digest == SCHEMA.digest
    assert ticket.maximum_bytes == 4 * SCHEMA.coordinate_count
    assert ticket.maximum_examples == 33
    assert ticket.expiry_time.seconds - task.deadline_time.seconds == 300


def test_a_client_uploads_what_it_and_the_run_agree_on(federation):
    factory = ProtoTaskFactory(federation.signer("coordinator"))
    asked = document(encoding={"upload": "int4_block"})
    moment, count = ManualClock().now(), SCHEMA.coordinate_count
    for offered, name, feeds_back in (
        (("bf16", "fp32", "int4_block"), "int4_block", True),
        (("fp32", "int8_block"), "int8_block", False),
        (("fp32",), "fp32", False),
    ):
        able = client(1, upload_encodings=offered)
        made = factory.train_task(
            asked, adapter(1), able, number=2, attempt=1, deadline=moment, counted_round=1
        )
        train = Task.FromString(made.message).train
        ticket = ticket_of(federation, train)
        assert made.upload_encoding == name
        assert train.upload_encoding == ticket.encoding == ENCODINGS[name]
        assert ticket.maximum_bytes == encoded_size_bytes(ENCODINGS[name], count)
        assert (train.error_feedback, train.counted_round) == (feeds_back, int(feeds_back))


def test_a_device_class_trains_its_rank(federation):
    factory, moment = ProtoTaskFactory(federation.signer("coordinator")), ManualClock().now()
    asked = document(adapter={"rank": SCHEMA.rank, "alpha": SCHEMA.alpha, "rank_for": {"phone": 1}})
    for device, schema in (("phone", at_rank(SCHEMA, 1)), ("laptop", SCHEMA), ("", SCHEMA)):
        made = factory.train_task(
            asked,
            adapter(1),
            client(1, device_class=device),
            number=2,
            attempt=1,
            deadline=moment,
        )
        task = Task.FromString(made.message)
        ticket = ticket_of(federation, task.train)
        assert made.device_class == device
        assert Schema.from_proto(task.schema) == SCHEMA
        assert ticket.schema_digest == schema.digest
        assert ticket.maximum_bytes == 4 * schema.coordinate_count
        assert task.train.HasField("client_schema") is (schema != SCHEMA)
        if schema != SCHEMA:
            assert Schema.from_proto(task.train.client_schema) == schema
        assert not task.train.fresh_adapter


def test_every_task_names_the_form_that_clients_decode(federation):
    factory = ProtoTaskFactory(federation.signer("coordinator"))
    form = AdapterForm("bf16", "f" * 64, 2 * SCHEMA.coordinate_count)
    base, moment = replace(adapter(1), forms=(form,)), ManualClock().now()
    made = [
        factory.train_task(document(), base, client(1), number=2, attempt=1, deadline=moment),
        factory.evaluate_task(document(), base, client(1), moment),
        factory.place_task(document(), (base, base), client(1), number=1, deadline=moment),
    ]
    tasks = [Task.FromString(item.message) for item in made]
    for task in tasks:
        assert task.base_form.encoding == ENCODINGS["bf16"]
        assert task.base_form.payload_sha256 == "f" * 64
    assert ticket_of(federation, tasks[0].train).base_payload_sha256 == "f" * 64
    assert all(item.form == tasks[0].base_form for item in tasks[2].place.candidates)
    canonical = factory.evaluate_task(document(), adapter(1), client(1), moment)
    assert not Task.FromString(canonical.message).HasField("base_form")


def ticket_of(federation, train):
    return federation.verifier().verify(train.ticket, ticket_pb2.UploadTicket, signer="coordinator")


def test_every_task_of_a_classifier_knows_its_labels(federation):
    factory = ProtoTaskFactory(federation.signer("coordinator"))
    given = document(
        task="sequence-classification",
        classification={"labels": ["spam", "ham"], "head": "personal"},
        personalize={"method": "dual_adapter"},
    )
    moment = ManualClock().now()
    made = [
        factory.train_task(given, adapter(1), client(1), number=2, attempt=1, deadline=moment),
        factory.evaluate_task(given, adapter(2), client(1), moment),
    ]
    for assignment in made:
        found = Task.FromString(assignment.message).classification
        assert (list(found.labels), found.head_seed) == (["spam", "ham"], 7)
        assert found.head == HEAD_PLACEMENT_PERSONAL
    plain = factory.evaluate_task(document(), adapter(2), client(1), moment)
    assert not Task.FromString(plain.message).HasField("classification")
