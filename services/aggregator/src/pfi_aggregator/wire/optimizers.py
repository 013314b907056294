"""Server optimisers."""

from dataclasses import asdict

from pfi.aggregator.v1 import round_service_pb2
from pfi_aggregator.domain.server_optimizer import Adagrad, Adam, ServerOptimizer, Sgd, Yogi
from pfi_common.errors import InvalidRequestError


def read_optimizer(message: round_service_pb2.ServerOptimizer) -> ServerOptimizer:
    """Reads and validates a server optimiser.

    Raises:
        InvalidRequestError: it is of no known kind, or a parameter is out of its range.
    """
    match message.WhichOneof("optimizer"):
        case "sgd":
            return Sgd(message.sgd.learning_rate, message.sgd.momentum)
        case "adam":
            adam = message.adam
            return Adam(adam.learning_rate, adam.beta1, adam.beta2, adam.tau)
        case "yogi":
            yogi = message.yogi
            return Yogi(yogi.learning_rate, yogi.beta1, yogi.beta2, yogi.tau)
        case "adagrad":
            adagrad = message.adagrad
            return Adagrad(adagrad.learning_rate, adagrad.beta1, adagrad.tau)
    message_text = "server_optimizer must be sgd, adam, yogi or adagrad."
    raise InvalidRequestError(message_text, field="server_optimizer")


def write_optimizer(optimizer: ServerOptimizer) -> round_service_pb2.ServerOptimizer:
    """Writes a server optimiser; its fields are those of the message."""
    match optimizer:
        case Sgd():
            sgd = round_service_pb2.ServerSgd(**asdict(optimizer))
            return round_service_pb2.ServerOptimizer(sgd=sgd)
        case Adam():
            adam = round_service_pb2.ServerAdam(**asdict(optimizer))
            return round_service_pb2.ServerOptimizer(adam=adam)
        case Yogi():
            yogi = round_service_pb2.ServerYogi(**asdict(optimizer))
            return round_service_pb2.ServerOptimizer(yogi=yogi)
        case Adagrad():
            adagrad = round_service_pb2.ServerAdagrad(**asdict(optimizer))
            return round_service_pb2.ServerOptimizer(adagrad=adagrad)
    message = f"server optimiser {optimizer.name} has no message"
    raise TypeError(message)
