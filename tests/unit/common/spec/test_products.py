"""Products of factors and ranks by device class: what is refused, and what they compile to."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.common.spec.builders import description, spec
from tests.unit.common.spec.test_compile import plan

from pfi.common.v1 import signed_pb2
from pfi_common.errors import SchemaMismatchError, SpecInvalidError, SpecUnsoundError
from pfi_common.spec import client_schema, client_schemas, compile_train_task, run_facts
from pfi_common.tensors import Schema, at_rank

STACK = {"product": "stack", "maximum_rank": 32}
RANKS = {"rank_for": {"phone": 2, "laptop": 4}}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aggregate": {"product": "stack"}}, "without maximum_rank"),
        ({"aggregate": {"product": "stack", "maximum_rank": 4}}, "could not even hold"),
        ({"aggregate": {"product": "svd", "maximum_rank": 8}}, "it would do nothing"),
        ({"aggregate": {"maximum_rank": 8}}, "it would do nothing"),
        ({"aggregate": {**STACK, "clip_norm": 1.0}}, "a whole adapter"),
        (
            {"aggregate": {"product": "svd"}, "server_optimizer": {"momentum": 0.9}},
            "other factors every round",
        ),
        (
            {"aggregate": STACK, "server_optimizer": {"name": "adam", "learning_rate": 0.1}},
            "other factors every round",
        ),
        ({"adapter": {"rank_for": {"large": 16}}}, "no place in the shared adapter"),
        (
            {"adapter": RANKS, "aggregate": {"rule": "median"}},
            "a vote to change nothing",
        ),
        (
            {"adapter": RANKS, "cluster": {"method": "update_similarity"}},
            "grouped by their classes",
        ),
    ],
)
def test_what_does_not_go_together(changes: dict[str, Any], reason: str) -> None:
    if "server_optimizer" in changes:
        changes["server_optimizer"] = {"name": "sgd", **changes["server_optimizer"]}
    with pytest.raises(SpecUnsoundError, match=reason):
        spec(**changes)


@pytest.mark.parametrize("name", ["Phone", "", "a b", "x" * 33])
def test_names_of_classes_are_short_and_plain(name: str) -> None:
    with pytest.raises(SpecInvalidError, match="rank_for"):
        spec(adapter={"rank_for": {name: 2}})


@pytest.mark.parametrize("product", ["svd", "stack"])
def test_products_go_with_clusters(product: str) -> None:
    rank = {"maximum_rank": 16} if product == "stack" else {}
    made = spec(
        aggregate={"product": product, **rank},
        cluster={"method": "update_similarity"},
        stop={"rounds": 3},
    )
    assert made.aggregate.product == product


def test_products_reach_the_plan() -> None:
    assert not plan(spec()).HasField("product")
    assert plan(spec(aggregate={"product": "svd"})).product.HasField("svd")


def test_ranks_of_devices_reach_the_plan() -> None:
    made = plan(spec(adapter={**RANKS, "rank": 8}))
    assert [schema.rank for schema in made.client_schemas] == [2, 4]
    assert {schema.alpha for schema in made.client_schemas} == {made.schema.alpha}
    assert not plan(spec()).client_schemas
    equal = plan(spec(adapter={"rank_for": {"phone": 8}}))
    assert not equal.client_schemas


def test_the_shared_adapter_of_a_stack_has_the_maximum_rank() -> None:
    made = spec(aggregate=STACK)
    shared = at_rank(description().adapter_schema, 32)
    described = description().model_copy(update={"adapter_schema": shared})
    described.require_fits(made)
    with pytest.raises(SchemaMismatchError, match="rank"):
        description().require_fits(made)
    assert [schema.rank for schema in client_schemas(made, shared)] == [8]
    facts = run_facts(made, described)
    assert facts.download_bytes_per_client == 4 * facts.upload_bytes_per_client


def test_each_class_has_its_schema() -> None:
    made, shared = spec(adapter=RANKS), description().adapter_schema
    assert client_schema(made, shared, "phone") == at_rank(shared, 2)
    assert client_schema(made, shared, "").digest == shared.digest
    assert client_schema(made, shared, "unheard-of").digest == shared.digest


@pytest.mark.parametrize(("changes", "fresh"), [({}, False), ({"aggregate": STACK}, True)])
def test_tasks_say_what_is_trained(changes: dict[str, Any], fresh: bool) -> None:
    shared = description().adapter_schema
    small = at_rank(shared, 2)
    task = compile_train_task(spec(**changes), signed_pb2.SignedStatement(), client_schema=small)
    assert Schema.from_proto(task.client_schema) == small
    assert task.fresh_adapter is fresh
    assert not compile_train_task(spec(), signed_pb2.SignedStatement()).HasField("client_schema")
