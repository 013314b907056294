"""From the part `aggregate` to the rule of a `RoundPlan`."""

from __future__ import annotations

from pfi.aggregator.v1 import round_service_pb2
from pfi_common.spec.aggregate_parts import (
    KrumAggregate,
    MeanAggregate,
    MedianAggregate,
    MultiKrumAggregate,
    RobustAggregate,
    TrimmedMeanAggregate,
)
from pfi_common.spec.run_spec import RunSpec
from pfi_common.tensors.random_words import WordStream

_BUCKETS = "pfi bucket seed v1"


def set_minimum(plan: round_service_pb2.RoundPlan, spec: RunSpec, minimum: int) -> None:
    """Fits a plan to a line with fewer clients than the specification speaks of.

    Args:
        plan: Of one attempt; is changed.
        spec: The run.
        minimum: Fewest updates to publish.
    """
    plan.minimum_updates = minimum
    rule = compile_rule(spec, plan.key, minimum)
    if rule is not None:
        plan.rule.CopyFrom(rule)


def compile_rule(
    spec: RunSpec, key: round_service_pb2.RoundKey, minimum: int
) -> round_service_pb2.AggregationRule | None:
    """Makes the rule of one attempt of a round; none for the mean.

    Args:
        spec: The run.
        key: Which attempt.
        minimum: Fewest updates to publish.
    """
    aggregate = spec.aggregate
    if isinstance(aggregate, MeanAggregate):
        return None
    rule = _rule(aggregate, minimum)
    if aggregate.bucket_size > 1:
        rule.bucket_size = aggregate.bucket_size
        rule.bucket_seed = _bucket_seed(spec.seed, key)
    return rule


def _rule(aggregate: RobustAggregate, minimum: int) -> round_service_pb2.AggregationRule:
    match aggregate:
        case MedianAggregate():
            return round_service_pb2.AggregationRule(median=round_service_pb2.MedianRule())
        case TrimmedMeanAggregate():
            trimmed = round_service_pb2.TrimmedMeanRule(trimmed_share=aggregate.trimmed_share)
            return round_service_pb2.AggregationRule(trimmed_mean=trimmed)
        case KrumAggregate():
            krum = round_service_pb2.KrumRule(attackers=aggregate.attackers, selected=1)
            return round_service_pb2.AggregationRule(krum=krum)
        case MultiKrumAggregate():
            several = round_service_pb2.KrumRule(
                attackers=aggregate.attackers, selected=aggregate.selected_of(minimum)
            )
            return round_service_pb2.AggregationRule(krum=several)


def _bucket_seed(seed: int, key: round_service_pb2.RoundKey) -> int:
    """Gives every attempt buckets of its own: no client stays in another's for long."""
    name = f"{key.run}/{key.round}/{key.attempt}/{key.line}"
    return int(WordStream(_BUCKETS, seed, name).take(1)[0])
