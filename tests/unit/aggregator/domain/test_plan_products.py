"""Products and ranks that a plan permits, and what it says of updates of other ranks."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.aggregator.builders import make_plan, make_record, make_schema, make_upload

from pfi_aggregator.domain.aggregation_rule import (
    AggregationRule,
    MedianRule,
    StackProduct,
    SvdProduct,
)
from pfi_aggregator.domain.round_plan import SketchPlan
from pfi_aggregator.domain.server_optimizer import Adam, Sgd
from pfi_common.errors import (
    CoordinateLimitExceededError,
    InvalidRequestError,
    SchemaMismatchError,
    SpecInvalidError,
)
from pfi_common.tensors import Schema, at_rank

SHARED = make_schema(rank=4)
SMALL = at_rank(SHARED, 1)
SKETCH = SketchPlan(1, 64)


@pytest.mark.parametrize("optimizer", [Adam(0.1, 0.9, 0.99, 1e-3), Sgd(1.0, 0.9), Sgd(0.5, 0.0)])
@pytest.mark.parametrize("product", [SvdProduct(), StackProduct()])
def test_the_server_adds_nothing_to_a_product(product, optimizer):
    """Moments of factors are sums over gauges that have nothing to do with each other."""
    with pytest.raises(InvalidRequestError, match="no momentum"):
        make_plan(product=product, optimizer=optimizer)


def test_a_stack_is_not_clipped():
    make_plan(product=SvdProduct(), clip_norm=1.0)
    with pytest.raises(InvalidRequestError, match="whole adapter"):
        make_plan(product=StackProduct(), clip_norm=1.0)


@pytest.mark.parametrize(
    ("clients", "error"),
    [
        ((SMALL, SMALL), InvalidRequestError),
        ((at_rank(SHARED, 5),), InvalidRequestError),
        ((replace(SMALL, alpha=3),), SchemaMismatchError),
        ((make_schema(inputs=31, rank=1),), SchemaMismatchError),
    ],
)
def test_client_schemas_are_the_schema_at_other_ranks(clients, error):
    with pytest.raises(error):
        make_plan(schema=SHARED, client_schemas=clients)


def test_ranks_are_not_voted_on_or_compared():
    plan = make_plan(schema=SHARED, client_schemas=(SMALL,))
    with pytest.raises(InvalidRequestError, match="no vote"):
        replace(plan, rule=AggregationRule(MedianRule()))
    stack = replace(plan, product=StackProduct(), sketch=SKETCH)  # all train one fresh rank
    with pytest.raises(InvalidRequestError, match="one rank"):
        replace(stack, client_schemas=(SMALL, SHARED))
    with pytest.raises(InvalidRequestError, match="one rank"):  # some may train the shared rank
        replace(plan, sketch=SKETCH)


def test_a_factor_without_its_partner_has_no_product():
    lonely = Schema(SHARED.tensors[:1], 4, 8, ("q_proj",))
    make_plan(schema=lonely)
    with pytest.raises(SpecInvalidError, match="one factor A"):
        make_plan(schema=lonely, product=SvdProduct())


def test_a_plan_knows_the_schemas_of_its_updates():
    plan = make_plan(schema=SHARED, client_schemas=(SMALL,))
    assert plan.schema_of(SHARED.digest) == SHARED
    assert plan.schema_of(SMALL.digest) == SMALL
    assert plan.rank_change(SHARED.digest) is None
    assert plan.rank_change(SMALL.digest).client == SMALL
    with pytest.raises(SchemaMismatchError):
        plan.schema_of(make_schema(rank=3).digest)


def test_the_limit_holds_for_an_update_as_it_counts():
    """B of rank 1 counts fourfold in an adapter of rank 4."""
    plan = make_plan(schema=SHARED, client_schemas=(SMALL,), coordinate_limit=1.0)
    vector = np.zeros(SMALL.coordinate_count, dtype=np.float32)
    vector[-1] = 0.25
    record = make_record(plan, make_upload(plan, vector=vector, schema=SMALL))
    assert (record.maximum_coordinate, record.norm) == (1.0, 1.0)
    vector[-1] = 0.26
    with pytest.raises(CoordinateLimitExceededError):
        make_record(plan, make_upload(plan, vector=vector, schema=SMALL))
