"""FedAdam: adaptive steps on the server."""

from dataclasses import dataclass
from typing import ClassVar

from pfi_aggregator.domain.server_optimizer.adaptive import Adaptive
from pfi_aggregator.domain.server_optimizer.base import Float64, check_positive, check_range


@dataclass(frozen=True)
class Adam(Adaptive):
    """FedAdam, as published: v = beta2 * v + (1 - beta2) * D^2.

    Raises:
        InvalidRequestError: a parameter is out of its range.
    """

    name: ClassVar[str] = "adam"

    learning_rate: float
    beta1: float
    beta2: float
    tau: float

    def __post_init__(self) -> None:
        check_positive("learning_rate", self.learning_rate)
        check_range("beta1", self.beta1, minimum=0, below=1)
        check_range("beta2", self.beta2, minimum=0, below=1)
        check_positive("tau", self.tau)

    def remember(self, second: Float64, square: Float64) -> None:
        """Updates the second moment in place by D^2."""
        second *= self.beta2
        second += (1.0 - self.beta2) * square
