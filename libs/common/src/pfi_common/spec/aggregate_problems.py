"""Aggregation rules that a run could not keep the promise of, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator

from pfi_common.counting import counted
from pfi_common.spec.aggregate_parts import (
    KrumAggregate,
    MeanAggregate,
    MultiKrumAggregate,
    RobustAggregate,
)
from pfi_common.spec.cluster_parts import UpdateSimilarity
from pfi_common.spec.robust_bounds import MAXIMUM_COMPARED_ROWS, bucket_count
from pfi_common.spec.run_spec import RunSpec


def aggregate_problems(spec: RunSpec) -> Iterator[str]:
    """Finds why a run's aggregation rule cannot be kept."""
    aggregate = spec.aggregate
    if isinstance(aggregate, MeanAggregate):
        return
    fewest = aggregate.fewest_updates
    if spec.cohort.minimum < fewest:
        yield (
            f"aggregate.rule {aggregate.rule} with cohort.minimum {spec.cohort.minimum}:"
            f" {_why(aggregate)}, which takes {fewest} updates, and the rule is not relaxed. Raise"
            f" cohort.minimum (and size) to {fewest}, or ask less of the rule."
        )
    cluster = spec.cluster
    if isinstance(cluster, UpdateSimilarity) and cluster.minimum_size < fewest:
        yield (
            f"aggregate.rule {aggregate.rule} with cluster.minimum_size {cluster.minimum_size}:"
            f" each cluster is merged by itself, and {_why(aggregate)}, which takes {fewest}"
            f" updates. Raise cluster.minimum_size to {fewest}."
        )
    yield from _size_problems(spec, aggregate)
    if aggregate.product != "factors":
        yield (
            f"aggregate.rule {aggregate.rule} with product {aggregate.product}: robust rules"
            " compare updates coordinate by coordinate, and with it they share no coordinates."
            " Use product factors, or rule mean."
        )


def _size_problems(spec: RunSpec, aggregate: RobustAggregate) -> Iterator[str]:
    rows = bucket_count(spec.selected_count, aggregate.bucket_size)
    if isinstance(aggregate, KrumAggregate | MultiKrumAggregate) and rows > MAXIMUM_COMPARED_ROWS:
        yield (
            f"aggregate.rule {aggregate.rule} with {rows} selected clients or buckets: every"
            f" pair is compared, at most {MAXIMUM_COMPARED_ROWS} of them. Lower the cohort, raise"
            " bucket_size, or use rule median or trimmed_mean."
        )


def _why(aggregate: RobustAggregate) -> str:
    buckets = "buckets" if aggregate.bucket_size > 1 else "updates"
    match aggregate.rule:
        case "median":
            return f"the median of fewer than 3 {buckets} is their mean"
        case "trimmed_mean":
            share = f"trimmed_share {aggregate.trimmed_share:g}"
            return f"{share} of fewer {buckets} leaves nothing out"
        case "krum":
            return _krum_bound(aggregate.attackers, buckets)
    return f"{_krum_bound(aggregate.attackers, buckets)}, and selected + attackers + 2"


def _krum_bound(attackers: int, buckets: str) -> str:
    against = counted(attackers, "attacker")
    return f"against {against} the rule needs 2 * attackers + 3 {buckets}"
