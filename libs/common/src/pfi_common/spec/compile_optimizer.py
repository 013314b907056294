"""From a specification's server optimiser to its message."""

from __future__ import annotations

from pfi.aggregator.v1 import round_service_pb2
from pfi_common.spec.server_optimizers import (
    ServerAdagrad,
    ServerAdam,
    ServerOptimizer,
    ServerSgd,
    ServerYogi,
)


def compile_server_optimizer(server: ServerOptimizer) -> round_service_pb2.ServerOptimizer:
    """Makes the message; its fields are those of the specification."""
    values = server.model_dump(exclude={"name"})
    match server:
        case ServerSgd():
            return round_service_pb2.ServerOptimizer(sgd=round_service_pb2.ServerSgd(**values))
        case ServerAdam():
            return round_service_pb2.ServerOptimizer(adam=round_service_pb2.ServerAdam(**values))
        case ServerYogi():
            return round_service_pb2.ServerOptimizer(yogi=round_service_pb2.ServerYogi(**values))
        case ServerAdagrad():
            return round_service_pb2.ServerOptimizer(
                adagrad=round_service_pb2.ServerAdagrad(**values)
            )
