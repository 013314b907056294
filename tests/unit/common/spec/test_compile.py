"""From the specification to the two messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.common.spec.builders import SCHEMA, document, spec

from pfi.aggregator.v1.round_service_pb2 import RoundKey, RoundPlan
from pfi.common.v1 import adapter_pb2
from pfi.common.v1.adapter_pb2 import AdapterReference
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi.coordinator.v1 import task_pb2
from pfi_common.errors import SchemaMismatchError, SpecUnsoundError
from pfi_common.spec import RunSpec, compile_classification, compile_round_plan, compile_train_task
from pfi_common.tensors import Schema

TICKET = SignedStatement(payload=b"ticket", signature=b"s")
KEY = RoundKey(run="r-1", round=2, attempt=1, line="global")
BASE = AdapterReference(digest="cd" * 32, schema_digest=SCHEMA.digest, run="r-1", version=1)


def plan(made: RunSpec, schema: Schema = SCHEMA) -> RoundPlan:
    return compile_round_plan(made, schema, KEY, BASE, "ef" * 32)


def test_the_clients_half() -> None:
    made = spec(
        local={
            "steps": 3,
            "batch_size": 2,
            "gradient_accumulation": 5,
            "learning_rate": 0.01,
            "proximal_mu": 0.5,
            "maximum_tokens": 99,
        }
    )
    task = compile_train_task(made, TICKET)
    local = task.local
    assert (local.steps, local.batch_size, local.gradient_accumulation) == (3, 2, 5)
    assert (local.learning_rate, local.proximal_mu, local.maximum_tokens) == (0.01, 0.5, 99)
    assert task.ticket == TICKET
    assert not task.HasField("personal")


def test_a_personal_adapter_is_asked_for() -> None:
    made = spec(personalize={"method": "dual_adapter", "rank": 2, "steps": 7})
    personal = compile_train_task(made, TICKET).personal
    assert (personal.rank, personal.alpha, personal.steps) == (2, 8, 7)
    assert personal.learning_rate == 2e-4


def test_checkpointing_is_asked_for_in_both_trainings() -> None:
    made = spec(
        local={"gradient_checkpointing": True}, personalize={"method": "dual_adapter", "steps": 7}
    )
    task = compile_train_task(made, TICKET)
    assert task.local.gradient_checkpointing
    assert task.personal.gradient_checkpointing


@pytest.mark.parametrize(
    ("head", "placement"),
    [
        ("shared", task_pb2.HEAD_PLACEMENT_SHARED),
        ("personal", task_pb2.HEAD_PLACEMENT_PERSONAL),
    ],
)
def test_a_classifier_knows_its_labels(head: str, placement: int) -> None:
    made = spec(
        task="sequence-classification",
        classification={"labels": ["spam", "ham"], "head": head},
        personalize={"method": "dual_adapter"},
        seed=7,
    )
    compiled = compile_classification(made)
    assert compiled is not None
    assert list(compiled.labels) == ["spam", "ham"]
    assert (compiled.head, compiled.head_seed) == (placement, 7)
    assert compile_classification(spec()) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fp32", adapter_pb2.ENCODING_FP32),
        ("bf16", adapter_pb2.ENCODING_BF16),
        ("int8_block", adapter_pb2.ENCODING_INT8_BLOCK),
        ("int4_block", adapter_pb2.ENCODING_INT4_BLOCK),
    ],
)
def test_encodings_have_their_wire_values(name: str, value: int) -> None:
    assert compile_train_task(spec(encoding={"upload": name}), TICKET).upload_encoding == value


def test_error_is_fed_back_where_the_agreed_encoding_needs_it() -> None:
    asked = spec(encoding={"upload": "int4_block"})
    assert compile_train_task(asked, TICKET).error_feedback
    agreed = compile_train_task(asked, TICKET, adapter_pb2.ENCODING_INT8_BLOCK)
    assert agreed.upload_encoding == adapter_pb2.ENCODING_INT8_BLOCK
    assert not agreed.error_feedback
    without = spec(encoding={"upload": "int4_block", "error_feedback": False})
    assert not compile_train_task(without, TICKET).error_feedback


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fp32", adapter_pb2.ENCODING_UNSPECIFIED),
        ("bf16", adapter_pb2.ENCODING_BF16),
        ("int8_block", adapter_pb2.ENCODING_INT8_BLOCK),
    ],
)
def test_the_plan_names_the_form_that_clients_download(name: str, value: int) -> None:
    assert plan(spec(encoding={"download": name})).download_encoding == value


def test_the_aggregators_half() -> None:
    made = spec(
        cohort={"size": 10, "over_select": 1.3, "minimum": 8},
        aggregate={"clip_norm": 2.5, "coordinate_limit": 4.0, "max_weight": 100},
    )
    compiled = plan(made)
    assert compiled.key == KEY
    assert compiled.base == BASE
    assert Schema.from_proto(compiled.schema) == SCHEMA
    assert compiled.maximum_updates == 13
    assert compiled.minimum_updates == 8
    assert compiled.maximum_weight_units == 25_600
    assert compiled.coordinate_limit == 4.0
    assert compiled.clip_norm == 2.5
    # 4 * 13 * 25600 = 1331200 < 2^21
    assert compiled.fraction_bits == 62 - 21
    assert compiled.optimizer_state_digest == "ef" * 32


def test_no_clip_is_zero() -> None:
    assert plan(spec()).clip_norm == 0.0


def test_server_optimisers_are_carried_over() -> None:
    sgd = plan(spec(server_optimizer={"name": "sgd", "learning_rate": 0.5, "momentum": 0.9}))
    assert (sgd.server_optimizer.sgd.learning_rate, sgd.server_optimizer.sgd.momentum) == (0.5, 0.9)
    adam = plan(spec(server_optimizer={"name": "adam", "learning_rate": 0.1, "tau": 0.01}))
    given = adam.server_optimizer.adam
    assert (given.learning_rate, given.beta1, given.beta2, given.tau) == (0.1, 0.9, 0.99, 0.01)
    yogi = plan(spec(preset="fedyogi")).server_optimizer.yogi
    assert (yogi.learning_rate, yogi.beta1, yogi.beta2, yogi.tau) == (1e-3, 0.9, 0.99, 1e-3)
    adagrad = plan(spec(preset="fedadagrad")).server_optimizer.adagrad
    assert (adagrad.learning_rate, adagrad.beta1, adagrad.tau) == (1e-3, 0.0, 1e-3)
    momentum = plan(spec(preset="fedavgm")).server_optimizer.sgd
    assert (momentum.learning_rate, momentum.momentum) == (1.0, 0.9)


def test_a_coarse_merge_is_refused_here_too() -> None:
    unchecked = RunSpec.model_validate(document(cohort={"size": 300_000}))
    with pytest.raises(SpecUnsoundError, match="coarsely"):
        plan(unchecked)


@pytest.mark.parametrize("change", [{"rank": 4}, {"target_modules": ("q_proj",)}])
def test_another_schema_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SchemaMismatchError):
        plan(spec(), replace(SCHEMA, **change))


def test_a_base_of_another_schema_is_refused() -> None:
    base = AdapterReference(digest="cd" * 32, schema_digest="00" * 32)
    with pytest.raises(SchemaMismatchError):
        compile_round_plan(spec(), SCHEMA, KEY, base, "")


CLUSTERED = {"cluster": {"method": "update_similarity", "probe_round": 2}, "seed": 7}


def test_the_probe_round_asks_for_sketches() -> None:
    sketch = plan(spec(**CLUSTERED)).sketch
    assert (sketch.seed, sketch.dimensions) == (7, 64)


@pytest.mark.parametrize(
    ("changes", "round_", "line"),
    [
        (CLUSTERED, 1, "global"),
        (CLUSTERED, 3, "global"),
        (CLUSTERED, 2, "cluster-1"),
        ({}, 2, "global"),
    ],
)
def test_other_rounds_and_lines_ask_for_none(
    changes: dict[str, Any], round_: int, line: str
) -> None:
    key = RoundKey(run="r-1", round=round_, attempt=1, line=line)
    assert not compile_round_plan(spec(**changes), SCHEMA, key, BASE, "").HasField("sketch")
