"""From a run specification to the two messages that carry it out: `TrainTask` and `RoundPlan`."""

from __future__ import annotations

from pfi.aggregator.v1 import round_service_pb2
from pfi.common.v1 import adapter_pb2, signed_pb2
from pfi.coordinator.v1 import task_pb2
from pfi_common.spec.client_parts import DualAdapter
from pfi_common.spec.cluster_parts import GLOBAL_LINE, SKETCH_DIMENSIONS, UpdateSimilarity
from pfi_common.spec.compile_optimizer import compile_server_optimizer
from pfi_common.spec.compile_product import compile_product
from pfi_common.spec.compile_rule import compile_rule
from pfi_common.spec.description import require_schema_fits
from pfi_common.spec.encoding_parts import ENCODINGS, feeds_error_back
from pfi_common.spec.ranks import client_schemas
from pfi_common.spec.run_spec import RunSpec
from pfi_common.spec.soundness import fixed_point_of, refuse_unsound, spec_problems
from pfi_common.tensors import FP32, Schema
from pfi_common.tensors.encoding import EncodingValue

_HEADS = {
    "shared": task_pb2.HEAD_PLACEMENT_SHARED,
    "personal": task_pb2.HEAD_PLACEMENT_PERSONAL,
}


def upload_encoding(spec: RunSpec) -> EncodingValue:
    """Gives the wire value of the encoding that the run asks updates to have."""
    return ENCODINGS[spec.encoding.upload]


def download_encoding(spec: RunSpec) -> EncodingValue | None:
    """Gives the wire value of the form that clients download; None for the canonical payload."""
    asked = ENCODINGS[spec.encoding.download]
    return None if asked == FP32 else asked


def compile_train_task(
    spec: RunSpec,
    ticket: signed_pb2.SignedStatement,
    agreed: EncodingValue | None = None,
    client_schema: Schema | None = None,
) -> task_pb2.TrainTask:
    """Makes the client's half of the specification.

    Args:
        spec: The run.
        ticket: Signed permission to upload the result.
        agreed: Encoding of the client's updates (`agreed_upload`); the run's unless given.
        client_schema: What the client trains, when it is not the shared adapter's schema.
    """
    encoding = upload_encoding(spec) if agreed is None else agreed
    local = spec.local
    return task_pb2.TrainTask(
        local=task_pb2.LocalTraining(
            steps=local.steps,
            batch_size=local.batch_size,
            gradient_accumulation=local.gradient_accumulation,
            learning_rate=local.learning_rate,
            proximal_mu=local.proximal_mu,
            maximum_tokens=local.maximum_tokens,
            gradient_checkpointing=local.gradient_checkpointing,
        ),
        personal=_personal_training(spec),
        upload_encoding=encoding,
        ticket=ticket,
        error_feedback=feeds_error_back(spec.encoding, encoding),
        client_schema=client_schema.to_proto() if client_schema else None,
        fresh_adapter=spec.aggregate.product == "stack",
    )


def compile_evaluate_task(spec: RunSpec) -> task_pb2.EvaluateTask:
    """Makes the client's half of the closing evaluation."""
    return task_pb2.EvaluateTask(
        maximum_tokens=spec.local.maximum_tokens, personal=_personal_training(spec)
    )


def compile_classification(spec: RunSpec) -> task_pb2.Classification | None:
    """Makes what every task of a classifier's run carries; None for other runs."""
    classification = spec.classification
    if classification is None:
        return None
    return task_pb2.Classification(
        labels=classification.labels,
        head=_HEADS[classification.head],
        head_seed=spec.seed,
    )


def compile_round_plan(
    spec: RunSpec,
    schema: Schema,
    key: round_service_pb2.RoundKey,
    base: adapter_pb2.AdapterReference,
    optimizer_state_digest: str,
) -> round_service_pb2.RoundPlan:
    """Makes the aggregator's half of the specification, for one attempt of a round.

    Args:
        spec: The run.
        schema: Of the shared adapter.
        key: Which attempt.
        base: The adapter that clients start from.
        optimizer_state_digest: Of the server optimiser before the round; empty for none yet.

    Raises:
        SpecUnsoundError: the values do not go together, for instance a merge coarser than 2^-24 of
            the coordinate limit.
        SchemaMismatchError: the schema is not the specification's, or the base has another.
    """
    refuse_unsound(spec_problems(spec))
    require_schema_fits(schema, spec)
    schema.require_digest(base.schema_digest)
    fixed_point = fixed_point_of(spec)
    return round_service_pb2.RoundPlan(
        key=key,
        schema=schema.to_proto(),
        base=base,
        fraction_bits=fixed_point.fraction_bits,
        coordinate_limit=fixed_point.coordinate_limit,
        clip_norm=spec.aggregate.clip_norm or 0.0,
        maximum_weight_units=fixed_point.maximum_weight_units,
        maximum_updates=fixed_point.maximum_updates,
        minimum_updates=spec.cohort.minimum,
        server_optimizer=compile_server_optimizer(spec.server_optimizer),
        optimizer_state_digest=optimizer_state_digest,
        sketch=_sketch_plan(spec, key),
        rule=compile_rule(spec, key, spec.cohort.minimum),
        product=compile_product(spec),
        client_schemas=[client.to_proto() for client in client_schemas(spec, schema)],
        download_encoding=download_encoding(spec) or adapter_pb2.ENCODING_UNSPECIFIED,
    )


def _personal_training(spec: RunSpec) -> task_pb2.PersonalTraining | None:
    personal = spec.personalize
    if not isinstance(personal, DualAdapter):
        return None
    return task_pb2.PersonalTraining(
        rank=personal.rank,
        alpha=personal.alpha,
        steps=personal.steps,
        learning_rate=personal.learning_rate,
        batch_size=spec.local.batch_size,
        gradient_accumulation=spec.local.gradient_accumulation,
        maximum_tokens=spec.local.maximum_tokens,
        gradient_checkpointing=spec.local.gradient_checkpointing,
    )


def _sketch_plan(
    spec: RunSpec, key: round_service_pb2.RoundKey
) -> round_service_pb2.SketchPlan | None:
    """Asks for sketches in the one round whose updates are compared."""
    cluster = spec.cluster
    if not isinstance(cluster, UpdateSimilarity):
        return None
    if (key.line, key.round) != (GLOBAL_LINE, cluster.probe_round):
        return None
    return round_service_pb2.SketchPlan(seed=spec.seed, dimensions=SKETCH_DIMENSIONS)
