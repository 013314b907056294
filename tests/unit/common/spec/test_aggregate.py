"""The part `aggregate`: its rules, their bounds, and what they compile to."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.common.spec.test_compile import BASE, KEY, SCHEMA

from pfi.aggregator.v1 import round_service_pb2
from pfi_common.errors import SpecInvalidError, SpecUnsoundError
from pfi_common.spec import (
    MeanAggregate,
    RunSpec,
    compile_round_plan,
    examine_run_spec,
    parse_run_spec,
    set_minimum,
)

KRUM = {"rule": "krum", "attackers": 2}


def spec(aggregate: dict[str, Any], size: int = 20, **parts: Any) -> RunSpec:
    document = {
        "name": "first",
        "backbone": {"model": "models/tiny"},
        "cohort": {"size": size},
        "adapter": {
            "rank": SCHEMA.rank,
            "alpha": SCHEMA.alpha,
            "target_modules": list(SCHEMA.target_modules),
        },
    }
    return parse_run_spec({**document, "aggregate": aggregate, **parts})


def rule_of(made: RunSpec, attempt: int = 1) -> round_service_pb2.AggregationRule:
    key = round_service_pb2.RoundKey()
    key.CopyFrom(KEY)
    key.attempt = attempt
    return compile_round_plan(made, SCHEMA, key, BASE, "").rule


@pytest.mark.parametrize("document", [{}, {"clip_norm": 3.0}, {"rule": "mean"}])
def test_documents_from_before_there_were_rules_mean_the_mean(document):
    made = spec(document)
    assert isinstance(made.aggregate, MeanAggregate)
    assert not compile_round_plan(made, SCHEMA, KEY, BASE, "").HasField("rule")


def test_each_rule_becomes_its_message():
    assert rule_of(spec({"rule": "median"})).HasField("median")
    assert rule_of(spec({"rule": "trimmed_mean"})).trimmed_mean.trimmed_share == 0.2
    krum = rule_of(spec(KRUM)).krum
    assert (krum.attackers, krum.selected) == (2, 1)
    several = rule_of(spec({**KRUM, "rule": "multi_krum"})).krum
    assert (several.attackers, several.selected) == (2, 16)
    chosen = rule_of(spec({**KRUM, "rule": "multi_krum", "selected": 5})).krum
    assert chosen.selected == 5


def test_every_attempt_has_buckets_of_its_own():
    made = spec({"rule": "median", "bucket_size": 3})
    first, second = rule_of(made), rule_of(made, attempt=2)
    assert first == rule_of(made)
    assert first.bucket_size == second.bucket_size == 3
    assert first.bucket_seed != second.bucket_seed
    assert rule_of(spec({"rule": "median"})).bucket_seed == 0


def test_a_line_with_fewer_clients_selects_fewer():
    made = spec({**KRUM, "rule": "multi_krum"})
    plan = compile_round_plan(made, SCHEMA, KEY, BASE, "")
    set_minimum(plan, made, 9)
    assert (plan.minimum_updates, plan.rule.krum.selected) == (9, 5)
    plan = compile_round_plan(spec({}), SCHEMA, KEY, BASE, "")
    set_minimum(plan, spec({}), 9)
    assert not plan.HasField("rule")


@pytest.mark.parametrize(
    ("aggregate", "fewest"),
    [
        ({"rule": "median"}, 3),
        ({"rule": "median", "bucket_size": 2}, 5),
        ({"rule": "trimmed_mean"}, 5),
        ({"rule": "trimmed_mean", "trimmed_share": 0.3}, 4),
        (KRUM, 7),
        ({**KRUM, "bucket_size": 2}, 13),
        ({**KRUM, "rule": "multi_krum"}, 7),
        ({**KRUM, "rule": "multi_krum", "selected": 9}, 13),
    ],
)
def test_a_rule_is_refused_below_its_population_with_the_reason(aggregate, fewest):
    assert spec(aggregate, size=fewest).aggregate.fewest_updates == fewest
    with pytest.raises(SpecUnsoundError, match=f"takes {fewest} updates") as refused:
        spec(aggregate, size=fewest - 1)
    assert f"cohort.minimum {fewest - 1}" in refused.value.message
    assert "not relaxed" in refused.value.message


def test_it_is_the_minimum_that_counts():
    with pytest.raises(SpecUnsoundError, match="minimum 6"):
        spec(KRUM, cohort={"size": 20, "minimum": 6})


def test_each_cluster_is_merged_by_itself():
    cluster = {"method": "update_similarity", "minimum_size": 6}
    with pytest.raises(SpecUnsoundError, match="minimum_size to 7"):
        spec(KRUM, cluster=cluster)
    assert spec(KRUM, cluster={**cluster, "minimum_size": 7})


def test_krum_compares_no_more_pairs_than_fit():
    with pytest.raises(SpecUnsoundError, match="every pair is compared"):
        spec(KRUM, size=2001)
    assert spec({**KRUM, "bucket_size": 2}, size=2001)
    assert spec({"rule": "median"}, size=2001)


@pytest.mark.parametrize(
    ("aggregate", "told"),
    [
        ({"rule": "bulyan"}, "must choose one of mean, median, trimmed_mean, krum, multi_krum"),
        ({"rule": "bulyan"}, "by 'rule', not 'bulyan'"),
        ({"rule": "krum"}, "aggregate.attackers: is missing"),
        ({"rule": "trimmed_mean", "trimmed_share": 0.5}, "aggregate.trimmed_share: must be less"),
        ({"rule": "median", "attackers": 2}, "aggregate.attackers: is unknown"),
        ({"bucket_size": 2}, "aggregate.bucket_size: is unknown"),
        ({"rule": "median", "bucket_size": 17}, "aggregate.bucket_size: must be less"),
        ({**KRUM, "rule": "multi_krum", "selected": 1}, "aggregate.selected: must be greater"),
        ("median", "aggregate: must be fields"),
    ],
)
def test_a_bad_field_is_named(aggregate, told):
    with pytest.raises(SpecInvalidError) as refused:
        spec(aggregate)
    assert told in refused.value.message


def test_a_bad_rule_hides_no_other_problem():
    document = {
        "name": "first",
        "backbone": {"model": "m"},
        "aggregate": {"rule": "bulyan"},
        "cohort": {"size": 2, "minimum": 3},
    }
    problems = examine_run_spec(document).problems
    assert len(problems) == 2
