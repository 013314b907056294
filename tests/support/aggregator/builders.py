"""Plans, tickets, headers and payloads with everything in them right, to be changed one by one."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from pfi.aggregator.v1 import ticket_pb2, update_service_pb2
from pfi.common.v1 import metrics_pb2, signed_pb2
from pfi_aggregator.domain.adapter import AdapterReference
from pfi_aggregator.domain.aggregation_rule import SEPARATE_FACTORS, Product
from pfi_aggregator.domain.counting import count_update
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan, SketchPlan
from pfi_aggregator.domain.server_optimizer import ServerOptimizer, Sgd
from pfi_aggregator.domain.update import UpdateRecord
from pfi_aggregator.wire.tickets import read_ticket
from pfi_aggregator.wire.updates import read_header
from pfi_common.tensors import (
    FP32,
    Schema,
    Tensor,
    adapter_digest,
    encode,
    initial_adapter,
    plan_fixed_point,
)

KEY = RoundKey("r-0000000001", 1, 1, "global")
SPOOL = "spool-0"
KEY_SHA256 = "ab" * 32
EXPIRY = datetime(2026, 1, 1, 1, tzinfo=UTC)
SEED = 7


def make_schema(inputs: int = 32, outputs: int = 16, rank: int = 2) -> Schema:
    """A schema of one adapted layer: rank * (inputs + outputs) coordinates."""
    layer = "base_model.model.model.layers.0.self_attn.q_proj"
    return Schema(
        tensors=(
            Tensor(f"{layer}.lora_A.weight", (rank, inputs)),
            Tensor(f"{layer}.lora_B.weight", (outputs, rank)),
        ),
        rank=rank,
        alpha=2 * rank,
        target_modules=("q_proj",),
    )


def make_plan(
    key: RoundKey = KEY,
    *,
    schema: Schema | None = None,
    maximum_updates: int = 8,
    minimum_updates: int = 1,
    max_weight: int = 64,
    coordinate_limit: float = 10.0,
    clip_norm: float = 0.0,
    optimizer: ServerOptimizer | None = None,
    base: np.ndarray | None = None,
    state_digest: str = "",
    sketch: SketchPlan | None = None,
    product: Product = SEPARATE_FACTORS,
    client_schemas: tuple[Schema, ...] = (),
) -> RoundPlan:
    """A sound plan whose base is version 0 from `SEED`."""
    schema = schema or make_schema()
    vector = initial_adapter(schema, SEED) if base is None else base
    return RoundPlan(
        key=key,
        schema=schema,
        base=AdapterReference(
            adapter_digest(vector), schema.digest, key.run, key.line, key.round - 1
        ),
        fixed_point=plan_fixed_point(coordinate_limit, maximum_updates, max_weight),
        clip_norm=clip_norm,
        minimum_updates=minimum_updates,
        server_optimizer=optimizer or Sgd(1.0, 0.0),
        optimizer_state_digest=state_digest,
        sketch=sketch,
        product=product,
        client_schemas=client_schemas,
    )


def random_update(schema: Schema, seed: int) -> np.ndarray:
    """An update of plausible size."""
    generator = np.random.default_rng(seed)
    return (generator.standard_normal(schema.coordinate_count) * 0.01).astype(np.float32)


def task_of(client: str, key: RoundKey = KEY) -> str:
    return f"{key.run}.{key.round}.{key.attempt}.{client}"


@dataclass(frozen=True)
class Upload:
    """What a client sends. `ticket` is not signed; see `unsigned`.

    Attributes:
        ticket: Message.
        header: Message, without the ticket's statement.
        payload: Encoded update.
    """

    ticket: ticket_pb2.UploadTicket
    header: update_service_pb2.UpdateHeader
    payload: bytes = field(repr=False)


def make_upload(
    plan: RoundPlan,
    client: str = "c-000000000001",
    *,
    vector: np.ndarray | None = None,
    encoding: int = FP32,
    examples: int = 3,
    key_sha256: str = KEY_SHA256,
    expiry: datetime = EXPIRY,
    seed: int = 1,
    schema: Schema | None = None,
) -> Upload:
    """An upload that fits the plan, of its schema unless another one is given."""
    schema = schema or plan.schema
    vector = random_update(schema, seed) if vector is None else vector
    payload = encode(encoding, vector)
    ticket = ticket_pb2.UploadTicket(
        run=plan.key.run,
        round=plan.key.round,
        attempt=plan.key.attempt,
        line=plan.key.line,
        task=task_of(client, plan.key),
        client=client,
        key_sha256=key_sha256,
        schema_digest=schema.digest,
        base_digest=plan.base.digest,
        spool=SPOOL,
        encoding=encoding,
        maximum_bytes=len(payload),
        maximum_examples=1000,
    )
    ticket.expiry_time.FromDatetime(expiry)
    return Upload(ticket, make_header(plan, payload, encoding, examples), payload)


def make_header(
    plan: RoundPlan, payload: bytes, encoding: int = FP32, examples: int = 3
) -> update_service_pb2.UpdateHeader:
    return update_service_pb2.UpdateHeader(
        encoding=encoding,
        payload_bytes=len(payload),
        payload_sha256=hashlib.sha256(payload).hexdigest(),
        example_count=examples,
        steps_done=20,
        base_digest=plan.base.digest,
        metrics=[metrics_pb2.Metric(name=metrics_pb2.METRIC_NAME_TRAIN_LOSS, value=1.25)],
    )


def unsigned(ticket: ticket_pb2.UploadTicket) -> signed_pb2.SignedStatement:
    """A statement whose signature only the twins of `Statements` accept."""
    return signed_pb2.SignedStatement(payload=ticket.SerializeToString(), signature=b"twin")


def with_ticket(
    upload: Upload, statement: signed_pb2.SignedStatement | None = None
) -> update_service_pb2.UpdateHeader:
    """The header as it is sent."""
    header = update_service_pb2.UpdateHeader()
    header.CopyFrom(upload.header)
    header.ticket.CopyFrom(statement or unsigned(upload.ticket))
    return header


def make_record(plan: RoundPlan, upload: Upload) -> UpdateRecord:
    """The record of a completely received upload."""
    scanner = plan.scanner(upload.header.encoding, upload.ticket.schema_digest)
    scanner.update(upload.payload)
    header = replace(read_header(with_ticket(upload)), offset_bytes=0)
    return count_update(header, read_ticket(upload.ticket), scanner.finish(), plan)


def later(seconds: float) -> datetime:
    return EXPIRY + timedelta(seconds=seconds)
