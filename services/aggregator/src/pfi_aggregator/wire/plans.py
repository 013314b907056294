"""Round plans."""

from pfi.aggregator.v1 import round_service_pb2
from pfi.common.v1 import adapter_pb2
from pfi_aggregator.domain.round_plan import RoundPlan, SketchPlan
from pfi_aggregator.wire.aggregation import (
    read_product,
    read_rule,
    write_product,
    write_rule,
)
from pfi_aggregator.wire.names import read_key, read_reference, write_key, write_reference
from pfi_aggregator.wire.optimizers import read_optimizer, write_optimizer
from pfi_common.tensors import FixedPoint, Schema


def read_plan(message: round_service_pb2.RoundPlan) -> RoundPlan:
    """Reads and validates a plan.

    Raises:
        InvalidRequestError: a field breaks its rule.
        SpecInvalidError: the schema breaks its rule.
        SchemaMismatchError: the base adapter has another schema.
    """
    return RoundPlan(
        key=read_key(message.key),
        schema=Schema.from_proto(message.schema),
        base=read_reference(message.base),
        fixed_point=FixedPoint(
            fraction_bits=message.fraction_bits,
            coordinate_limit=message.coordinate_limit,
            maximum_weight_units=message.maximum_weight_units,
            maximum_updates=message.maximum_updates,
        ),
        clip_norm=message.clip_norm,
        minimum_updates=message.minimum_updates,
        server_optimizer=read_optimizer(message.server_optimizer),
        optimizer_state_digest=message.optimizer_state_digest,
        sketch=_read_sketch(message),
        download_encoding=message.download_encoding or None,
        rule=read_rule(message.rule),
        product=read_product(message.product),
        client_schemas=tuple(map(Schema.from_proto, message.client_schemas)),
        spools=tuple(message.spools),
    )


def write_plan(plan: RoundPlan) -> round_service_pb2.RoundPlan:
    """Writes a plan."""
    return round_service_pb2.RoundPlan(
        key=write_key(plan.key),
        schema=plan.schema.to_proto(),
        base=write_reference(plan.base),
        fraction_bits=plan.fixed_point.fraction_bits,
        coordinate_limit=plan.fixed_point.coordinate_limit,
        clip_norm=plan.clip_norm,
        maximum_weight_units=plan.fixed_point.maximum_weight_units,
        maximum_updates=plan.fixed_point.maximum_updates,
        minimum_updates=plan.minimum_updates,
        server_optimizer=write_optimizer(plan.server_optimizer),
        optimizer_state_digest=plan.optimizer_state_digest,
        sketch=_write_sketch(plan.sketch),
        download_encoding=plan.download_encoding or adapter_pb2.ENCODING_UNSPECIFIED,
        rule=write_rule(plan.rule),
        product=write_product(plan.product),
        client_schemas=[schema.to_proto() for schema in plan.client_schemas],
        spools=plan.spools,
    )


def _read_sketch(message: round_service_pb2.RoundPlan) -> SketchPlan | None:
    if not message.HasField("sketch"):
        return None
    return SketchPlan(message.sketch.seed, message.sketch.dimensions)


def _write_sketch(sketch: SketchPlan | None) -> round_service_pb2.SketchPlan | None:
    if sketch is None:
        return None
    return round_service_pb2.SketchPlan(seed=sketch.seed, dimensions=sketch.dimensions)
