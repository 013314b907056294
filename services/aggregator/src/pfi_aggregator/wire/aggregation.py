"""Aggregation rules, products of factors, and what they did."""

from pfi.aggregator.v1 import lineage_pb2, round_service_pb2
from pfi_aggregator.domain.aggregation_rule import (
    WEIGHTED_MEAN,
    AggregationRule,
    FactorsProduct,
    KrumRule,
    MeanRule,
    MedianRule,
    Product,
    Rule,
    StackProduct,
    SvdProduct,
    TrimmedMeanRule,
)
from pfi_aggregator.domain.lineage import AggregationReport


def read_rule(message: round_service_pb2.AggregationRule) -> AggregationRule:
    """Reads a rule; a plan from before there were rules means the mean.

    Raises:
        InvalidRequestError: a field breaks its rule.
    """
    return AggregationRule(_read_rule(message), max(message.bucket_size, 1), message.bucket_seed)


def write_rule(rule: AggregationRule) -> round_service_pb2.AggregationRule | None:
    """Writes a rule; nothing for the mean, so that older plans keep their bytes."""
    if rule == WEIGHTED_MEAN:
        return None
    message = round_service_pb2.AggregationRule(
        bucket_size=rule.bucket_size, bucket_seed=rule.bucket_seed
    )
    match rule.rule:
        case MedianRule():
            message.median.SetInParent()
        case TrimmedMeanRule():
            message.trimmed_mean.trimmed_share = rule.rule.trimmed_share
        case KrumRule():
            message.krum.attackers = rule.rule.attackers
            message.krum.selected = rule.rule.selected
    return message


def _read_rule(message: round_service_pb2.AggregationRule) -> Rule:
    match message.WhichOneof("rule"):
        case "median":
            return MedianRule()
        case "trimmed_mean":
            return TrimmedMeanRule(message.trimmed_mean.trimmed_share)
        case "krum":
            return KrumRule(message.krum.attackers, message.krum.selected)
    return MeanRule()


def read_product(message: round_service_pb2.AdapterProduct) -> Product:
    """Reads a product; a plan from before there were products means factors."""
    match message.WhichOneof("product"):
        case "svd":
            return SvdProduct()
        case "stack":
            return StackProduct()
    return FactorsProduct()


def write_product(product: Product) -> round_service_pb2.AdapterProduct | None:
    """Writes a product; nothing for factors, so that older plans keep their bytes."""
    match product:
        case SvdProduct():
            return round_service_pb2.AdapterProduct(svd=round_service_pb2.SvdProduct())
        case StackProduct():
            return round_service_pb2.AdapterProduct(stack=round_service_pb2.StackProduct())
    return None


def read_report(message: lineage_pb2.AggregationReport) -> AggregationReport:
    """Reads what a rule did."""
    return AggregationReport(
        rule=message.rule,
        product=message.product,
        left_out=tuple(message.left_out),
        discarded_energy=message.discarded_energy,
    )


def write_report(report: AggregationReport) -> lineage_pb2.AggregationReport:
    """Writes what a rule did."""
    return lineage_pb2.AggregationReport(
        rule=report.rule,
        product=report.product,
        left_out=report.left_out,
        discarded_energy=report.discarded_energy,
    )
