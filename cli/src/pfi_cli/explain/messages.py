"""The messages that a specification compiles to."""

from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from pfi.aggregator.v1.round_service_pb2 import RoundKey
from pfi.common.v1.adapter_pb2 import AdapterReference
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_cli.explain.lines import line_plans
from pfi_common.spec import (
    Description,
    RunSpec,
    UpdateSimilarity,
    compile_classification,
    compile_evaluate_task,
    compile_round_plan,
    compile_train_task,
    set_minimum,
)
from pfi_common.spec.cluster_parts import GLOBAL_LINE

RUN = "r-0000000000"
"""Stands for the id that a submission gives."""
CLUSTER_LINE = "cluster-1"

_LATER = ("key", "base", "schema", "optimizer_state_digest")
"""Fields of a plan that are known when its round opens, or stand in the description."""


def client_messages(spec: RunSpec) -> dict[str, dict[str, Any]]:
    """Gives what a client is sent, without the ticket that names it."""
    train = _fields(compile_train_task(spec, SignedStatement()))
    train.pop("ticket", None)
    messages = {"TrainTask": train, "EvaluateTask": _fields(compile_evaluate_task(spec))}
    classification = compile_classification(spec)
    if classification is not None:
        messages["Classification"] = _fields(classification)
    return messages


def round_plans(spec: RunSpec, description: Description) -> dict[str, dict[str, Any]]:
    """Gives what the aggregator is sent for each kind of round, by a name of it.

    Raises:
        SchemaMismatchError: The description is of another adapter.
    """
    return {name: _plan(spec, description, line, number) for name, line, number in _kinds(spec)}


def _kinds(spec: RunSpec) -> list[tuple[str, str, int]]:
    """Rounds whose plans differ: name, line, number."""
    if not isinstance(spec.cluster, UpdateSimilarity):
        return [(f"rounds 1 to {spec.stop.rounds}", GLOBAL_LINE, 1)]
    probe = spec.cluster.probe_round
    before = [("rounds before the probe", GLOBAL_LINE, 1)] if probe > 1 else []
    return [
        *before,
        (f"probe round {probe}", GLOBAL_LINE, probe),
        (f"cluster rounds {probe + 1} to {spec.stop.rounds}", CLUSTER_LINE, probe + 1),
    ]


def _plan(spec: RunSpec, description: Description, line: str, number: int) -> dict[str, Any]:
    schema = description.adapter_schema
    base = AdapterReference(run=RUN, line=line, version=number - 1, schema_digest=schema.digest)
    key = RoundKey(run=RUN, round=number, attempt=1, line=line)
    message = compile_round_plan(spec, schema, key, base, "")
    if line == CLUSTER_LINE:
        # The coordinator shares the cohort out among the lines when it knows their members.
        set_minimum(message, spec, line_plans(spec)[-1].minimum)
    plan = _fields(message)
    for name in _LATER:
        plan.pop(name, None)
    if not message.download_encoding:
        plan.pop("download_encoding")
    plan.get("rule", {}).pop("bucket_seed", None)
    # The rest of them is the schema, which stands in the description.
    plan["client_schemas"] = [f"rank {schema.rank}" for schema in message.client_schemas]
    return plan


def _fields(message: Message) -> dict[str, Any]:
    return MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
