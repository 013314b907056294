"""How the server moves the shared adapter after each merge. One file per optimiser."""

from pfi_aggregator.domain.server_optimizer.adagrad import Adagrad
from pfi_aggregator.domain.server_optimizer.adam import Adam
from pfi_aggregator.domain.server_optimizer.base import Float64, ServerOptimizer
from pfi_aggregator.domain.server_optimizer.sgd import Sgd
from pfi_aggregator.domain.server_optimizer.state import OptimizerState
from pfi_aggregator.domain.server_optimizer.step import move_adapter
from pfi_aggregator.domain.server_optimizer.yogi import Yogi

__all__ = [
    "Adagrad",
    "Adam",
    "Float64",
    "OptimizerState",
    "ServerOptimizer",
    "Sgd",
    "Yogi",
    "move_adapter",
]
