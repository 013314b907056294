"""From the part `aggregate` to the product of a `RoundPlan`."""

from __future__ import annotations

from pfi.aggregator.v1 import round_service_pb2
from pfi_common.spec.run_spec import RunSpec


def compile_product(spec: RunSpec) -> round_service_pb2.AdapterProduct | None:
    """Makes the product of factors; none where factors are averaged apart."""
    match spec.aggregate.product:
        case "svd":
            return round_service_pb2.AdapterProduct(svd=round_service_pb2.SvdProduct())
        case "stack":
            return round_service_pb2.AdapterProduct(stack=round_service_pb2.StackProduct())
        case "factors":
            return None
