"""Plans that the aggregator must not accept."""

from dataclasses import replace

import pytest
from tests.support.aggregator.builders import KEY, make_plan, make_schema

from pfi_aggregator.domain.round_plan import SketchPlan
from pfi_aggregator.domain.server_optimizer import Adagrad, Adam, Sgd, Yogi
from pfi_common.errors import InvalidRequestError, SchemaMismatchError
from pfi_common.tensors import FixedPoint

PLAN = make_plan()


def test_the_next_version_is_the_round():
    assert PLAN.next_version == 1


@pytest.mark.parametrize(
    "change",
    [
        {"clip_norm": -1.0},
        {"clip_norm": float("nan")},
        {"minimum_updates": 0},
        {"minimum_updates": 9},
        {"optimizer_state_digest": "x"},
        {"key": replace(KEY, round=2)},
        {"key": replace(KEY, run="other")},
        {"key": replace(KEY, line="other")},
        {"fixed_point": replace(PLAN.fixed_point, coordinate_limit=0.0)},
        {"fixed_point": replace(PLAN.fixed_point, coordinate_limit=float("inf"))},
        {"fixed_point": replace(PLAN.fixed_point, maximum_weight_units=0)},
    ],
)
def test_fields_are_checked(change):
    with pytest.raises(InvalidRequestError):
        replace(PLAN, **change)


def test_the_base_has_the_plans_schema():
    with pytest.raises(SchemaMismatchError):
        replace(PLAN, schema=make_schema(rank=3))


def test_arithmetic_that_could_overflow_is_refused():
    # C * N * W * 2^k = 1 * 1 * 256 * 2^k: at most 2^62 for k = 54
    replace(PLAN, fixed_point=FixedPoint(54, 1.0, 256, 1))
    with pytest.raises(InvalidRequestError):
        replace(PLAN, fixed_point=FixedPoint(55, 1.0, 256, 1))


@pytest.mark.parametrize(
    "make",
    [
        lambda: SketchPlan(1, 0),
        lambda: SketchPlan(1, 4097),
        lambda: Sgd(0.0, 0.0),
        lambda: Sgd(float("nan"), 0.0),
        lambda: Sgd(1.0, 1.0),
        lambda: Sgd(1.0, -0.1),
        lambda: Adam(-1.0, 0.9, 0.99, 1e-3),
        lambda: Adam(0.1, 1.0, 0.99, 1e-3),
        lambda: Adam(0.1, 0.9, float("nan"), 1e-3),
        lambda: Adam(0.1, 0.9, 0.99, 0.0),
        lambda: Yogi(-1.0, 0.9, 0.99, 1e-3),
        lambda: Yogi(0.1, 0.9, 1.0, 1e-3),
        lambda: Adagrad(0.1, 0.9, 0.0),
        lambda: Adagrad(0.1, float("inf"), 1e-3),
    ],
)
def test_optimizers_check_their_parameters(make):
    with pytest.raises(InvalidRequestError):
        make()
