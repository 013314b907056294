"""FedAdagrad: adaptive steps on the server, whose second moment never forgets."""

from dataclasses import dataclass
from typing import ClassVar

from pfi_aggregator.domain.server_optimizer.adaptive import Adaptive
from pfi_aggregator.domain.server_optimizer.base import Float64, check_positive, check_range


@dataclass(frozen=True)
class Adagrad(Adaptive):
    """FedAdagrad, as published: v = v + D^2.

    Raises:
        InvalidRequestError: a parameter is out of its range.
    """

    name: ClassVar[str] = "adagrad"

    learning_rate: float
    beta1: float
    tau: float

    def __post_init__(self) -> None:
        check_positive("learning_rate", self.learning_rate)
        check_range("beta1", self.beta1, minimum=0, below=1)
        check_positive("tau", self.tau)

    def remember(self, second: Float64, square: Float64) -> None:
        """Updates the second moment in place by D^2."""
        second += square
