"""Tasks and upload tickets as messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from pfi.aggregator.v1.ticket_pb2 import UploadTicket
from pfi.coordinator.v1.task_pb2 import PlacementCandidate, PlaceTask, Task
from pfi_common.identity import StatementSigner
from pfi_common.spec import (
    ENCODINGS,
    agreed_upload,
    client_schema,
    compile_classification,
    compile_evaluate_task,
    compile_train_task,
    memory_need,
)
from pfi_common.tensors import Schema, encoded_size_bytes
from pfi_common.tensors.encoding import EncodingValue
from pfi_coordinator.adapters.references import form_of, reference
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.members import Client
from pfi_coordinator.domain.state import AdapterVersion
from pfi_coordinator.domain.tasks import (
    Assignment,
    TaskName,
    evaluation_scope,
    placement_scope,
    round_scope,
    task_seed,
)

TICKET_GRACE = timedelta(minutes=5)
"""How long after the round's deadline a ticket is good: an upload may be under way then."""

MAXIMUM_EXAMPLES = 1 << 32
"""Highest example count that any ticket allows."""


class ProtoTaskFactory:
    """`pfi_coordinator.application.ports.task_factory.TaskFactory` with signed tickets."""

    def __init__(self, signer: StatementSigner) -> None:
        self._signer = signer

    def train_task(  # noqa: PLR0913 - see the port
        self,
        document: RunDocument,
        base: AdapterVersion,
        client: Client,
        *,
        number: int,
        attempt: int,
        deadline: datetime,
        counted_round: int = 0,
    ) -> Assignment:
        """See TaskFactory.train_task."""
        name = TaskName(document.run, round_scope(number, attempt, base.line), client.client)
        task = _task(document, base, name, deadline)
        task.round, task.attempt = number, attempt
        task.seed = task_seed(document.run, number, client.client)
        wished = document.spec.encoding.upload
        # Whoever lost every encoding that would do since it was selected gives the task back.
        agreed = agreed_upload(wished, client.upload_encodings) or wished
        shared = document.description.adapter_schema
        trained = client_schema(document.spec, shared, client.device_class)
        terms = _Terms(ENCODINGS[agreed], trained)
        ticket = self._signer.sign(_ticket(document, base, client, task, terms))
        other = trained if trained != shared else None
        task.train.CopyFrom(compile_train_task(document.spec, ticket, terms.encoding, other))
        if task.train.error_feedback:
            task.train.counted_round = counted_round
        _demand_memory(task, document, client)
        message = task.SerializeToString(deterministic=True)
        return Assignment(name, message, agreed, client.device_class)

    def evaluate_task(
        self,
        document: RunDocument,
        base: AdapterVersion,
        client: Client,
        deadline: datetime,
        *,
        past: int = 0,
    ) -> Assignment:
        """See TaskFactory.evaluate_task."""
        name = TaskName(document.run, evaluation_scope(base.line, past), client.client)
        task = _task(document, base, name, deadline)
        task.round, task.attempt = base.version, 1
        task.seed = task_seed(document.run, 0, client.client)
        task.evaluate.CopyFrom(compile_evaluate_task(document.spec))
        return Assignment(name, task.SerializeToString(deterministic=True))

    def place_task(
        self,
        document: RunDocument,
        candidates: Sequence[AdapterVersion],
        client: Client,
        *,
        number: int,
        deadline: datetime,
    ) -> Assignment:
        """See TaskFactory.place_task."""
        name = TaskName(document.run, placement_scope(number), client.client)
        # A task is about one adapter; here the others only stand beside it.
        task = _task(document, candidates[0], name, deadline)
        task.round, task.attempt = max(item.version for item in candidates), 1
        task.seed = task_seed(document.run, 0, client.client)
        task.place.CopyFrom(
            PlaceTask(
                candidates=[
                    PlacementCandidate(adapter=reference(document.run, item), form=form_of(item))
                    for item in candidates
                ],
                maximum_tokens=document.spec.local.maximum_tokens,
            )
        )
        return Assignment(name, task.SerializeToString(deterministic=True))


@dataclass(frozen=True)
class _Terms:
    """What one client's update is like: how it is written, and what it consists of."""

    encoding: EncodingValue
    schema: Schema


def _task(document: RunDocument, base: AdapterVersion, name: TaskName, deadline: datetime) -> Task:
    spec, description = document.spec, document.description
    return Task(
        task=name.text,
        run=document.run,
        backbone_model=spec.backbone.model,
        backbone_revision=spec.backbone.revision or "",
        backbone_digest=description.backbone_digest,
        base=reference(document.run, base),
        schema=description.adapter_schema.to_proto(),
        spool=document.spool,
        deadline_time=_timestamp(deadline),
        held_out_fraction=spec.evaluate.holdout,
        held_out_seed=spec.seed,
        classification=compile_classification(spec),
        base_form=form_of(base),
    )


def _demand_memory(task: Task, document: RunDocument, client: Client) -> None:
    """Says what the run demands, so that a device whose memory has shrunk does not begin."""
    need = memory_need(document.spec, document.description, client.device_class)
    if need.float32_bytes:
        task.train.memory_need.float32_bytes = need.float32_bytes
        task.train.memory_need.bfloat16_bytes = need.bfloat16_bytes


def _ticket(
    document: RunDocument,
    base: AdapterVersion,
    client: Client,
    task: Task,
    terms: _Terms,
) -> UploadTicket:
    deadline = task.deadline_time.ToDatetime()
    return UploadTicket(
        run=document.run,
        round=task.round,
        attempt=task.attempt,
        line=base.line,
        task=task.task,
        client=client.client,
        key_sha256=client.key_sha256,
        schema_digest=terms.schema.digest,
        base_digest=base.digest,
        base_payload_sha256=task.base_form.payload_sha256,
        spool=document.spool,
        encoding=terms.encoding,
        maximum_bytes=encoded_size_bytes(terms.encoding, terms.schema.coordinate_count),
        maximum_examples=min(max(client.training_rows, 1), MAXIMUM_EXAMPLES),
        expiry_time=_timestamp(deadline + TICKET_GRACE),
    )


def _timestamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
